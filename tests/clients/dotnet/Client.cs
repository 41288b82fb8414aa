// .NET's own HTTP client, whose TLS is libssl between buffers in memory. By each version of HTTP that
// is named: a call, a stream, and calls at once.

using System;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;

public static class Client
{
    const int AtOnce = 20;
    static readonly string Provider = Environment.GetEnvironmentVariable("PROVIDER");

    public static void Main(string[] words)
    {
        if (words.Contains("--version"))
        {
            Console.WriteLine(Environment.Version);
            Console.WriteLine("OpenSSL " + Release(SafeEvpPKeyHandle.OpenSslVersion));
            return;
        }
        Calls(words).GetAwaiter().GetResult();
    }

    // As OpenSSL numbers its releases: major, minor and patch, since 3.0 in other places and without letters.
    static string Release(long number)
    {
        long major = number >> 28;
        long minor = number >> 20 & 0xff;
        if (major >= 3)
        {
            return major + "." + minor + "." + (number >> 4 & 0xffff);
        }
        char letter = (char)('a' + (number >> 4 & 0xff) - 1);
        return major + "." + minor + "." + (number >> 12 & 0xff) + letter;
    }

    static async Task Calls(string[] versions)
    {
        int n = 1000;
        foreach (string version in versions)
        {
            using (HttpClient client = new HttpClient())
            {
                await Answered(client, version, n++, "");
                await Streamed(client, version, n++);
                Task[] calls = new Task[AtOnce];
                for (int call = 0; call < AtOnce; call++)
                {
                    calls[call] = Answered(client, version, n++, "-delay-50");
                }
                await Task.WhenAll(calls);
            }
        }
    }

    static async Task Answered(HttpClient client, string version, int n, string words)
    {
        using (HttpResponseMessage response = await client.SendAsync(Ask(version, n, words, "")))
        {
            Contains(await response.Content.ReadAsStringAsync(), "\"prompt_tokens\":" + n + ",");
        }
    }

    static async Task Streamed(HttpClient client, string version, int n)
    {
        string stream = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
        HttpRequestMessage request = Ask(version, n, "-stream-9-pace-2", stream);
        HttpCompletionOption begun = HttpCompletionOption.ResponseHeadersRead;
        using (HttpResponseMessage response = await client.SendAsync(request, begun))
        using (StreamReader reader = new StreamReader(await response.Content.ReadAsStreamAsync()))
        {
            string last = "";
            for (string line = ""; line != null; line = await reader.ReadLineAsync())
            {
                last = line == "" ? last : line;
            }
            Contains(last, "[DONE]");
        }
    }

    static HttpRequestMessage Ask(string version, int n, string words, string more)
    {
        string messages = "[{\"role\":\"user\",\"content\":\"n=" + n + "\"}]";
        string body = "{\"model\":\"gpt-4o-mini" + words + "\",\"messages\":" + messages + more + "}";
        HttpRequestMessage request = new HttpRequestMessage(HttpMethod.Post, Provider + "/v1/chat/completions");
        request.Version = new Version(version);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return request;
    }

    static void Contains(string answer, string wanted)
    {
        if (!answer.Contains(wanted))
        {
            throw new Exception("a wrong answer: " + answer);
        }
    }
}
