// Java's own HTTP client, whose TLS is Java code: a call and a stream, by HTTP/1.1 and by HTTP/2.

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Jsse {
    public static void main(String[] words) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream file = new FileInputStream(System.getenv("CA"))) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        int n = 10;
        for (HttpClient.Version version : HttpClient.Version.values()) {
            HttpClient client = HttpClient.newBuilder().version(version).sslContext(tls).build();
            contains(post(client, ask(n, "", "")), "\"prompt_tokens\":" + n + ",");
            String stream = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
            contains(post(client, ask(n + 1, "-stream-9-pace-2", stream)), "[DONE]");
            n += 2;
        }
    }

    static String ask(int n, String words, String more) {
        String messages = "[{\"role\":\"user\",\"content\":\"n=" + n + "\"}]";
        return "{\"model\":\"gpt-4o-mini" + words + "\",\"messages\":" + messages + more + "}";
    }

    static void contains(String answer, String wanted) {
        if (!answer.contains(wanted)) {
            throw new AssertionError("a wrong answer: " + answer);
        }
    }

    static String post(HttpClient client, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("PROVIDER") + "/v1/chat/completions"))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
}
