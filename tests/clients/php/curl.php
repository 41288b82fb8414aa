<?php
// PHP's curl: a call and a stream, by HTTP/1.1 and by HTTP/2.
function ask(int $n, string $words = "", array $more = []): string
{
    return json_encode(["model" => "gpt-4o-mini" . $words, "messages" => [["role" => "user", "content" => "n=$n"]]] + $more);
}

function calls(int $version, int $n): void
{
    $handle = curl_init(getenv("PROVIDER") . "/v1/chat/completions");
    curl_setopt_array($handle, [
        CURLOPT_CAINFO => getenv("CA"),
        CURLOPT_HTTP_VERSION => $version,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => ["content-type: application/json", "authorization: Bearer " . getenv("OPENAI_API_KEY")],
    ]);
    $post = function (string $body) use ($handle): string {
        curl_setopt($handle, CURLOPT_POSTFIELDS, $body);
        $answer = curl_exec($handle);
        return $answer === false ? exit("failed: " . curl_error($handle)) : $answer;
    };
    if (json_decode($post(ask($n)))->usage->prompt_tokens !== $n) {
        exit("a wrong answer");
    }
    $stream = ["stream" => true, "stream_options" => ["include_usage" => true]];
    if (!str_contains($post(ask($n + 1, "-stream-9-pace-2", $stream)), "[DONE]")) {
        exit("a stream without its end");
    }
}

calls(CURL_HTTP_VERSION_1_1, 10);
calls(CURL_HTTP_VERSION_2TLS, 12);
