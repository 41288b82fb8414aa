// Java's own HTTP client: by HTTP/1.1 and by HTTP/2 a call, a stream, and calls at once. Its TLS is Java
// code, or that of the provider named by the first word, as in its class.

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Http {
    static final int AT_ONCE = 20;
    static final String PROVIDER = System.getenv("PROVIDER");

    public static void main(String[] words) throws Exception {
        Provider provider = words.length == 0 ? Security.getProvider("SunJSSE") : named(words[0]);
        if (PROVIDER == null) {
            // Nobody to call: whoever looks for its TLS has a while to find it.
            Thread.sleep(1000);
            return;
        }
        SSLContext tls = SSLContext.getInstance("TLS", provider);
        tls.init(null, trust(provider).getTrustManagers(), null);
        int n = 10;
        for (HttpClient.Version version : HttpClient.Version.values()) {
            HttpClient client = HttpClient.newBuilder().version(version).sslContext(tls).build();
            contains(post(client, ask(n, "", "")).join(), "\"prompt_tokens\":" + n + ",");
            String stream = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
            contains(post(client, ask(n + 1, "-stream-9-pace-2", stream)).join(), "[DONE]");
            n += 2;
            List<CompletableFuture<String>> answers = new ArrayList<>();
            for (int call = 0; call < AT_ONCE; call++) {
                answers.add(post(client, ask(n + call, "-delay-50", "")));
            }
            for (CompletableFuture<String> answer : answers) {
                contains(answer.join(), "\"prompt_tokens\":" + n + ",");
                n++;
            }
        }
    }

    static Provider named(String name) throws Exception {
        return (Provider) Class.forName(name).getConstructor().newInstance();
    }

    static TrustManagerFactory trust(Provider provider) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (FileInputStream file = new FileInputStream(System.getenv("CA"))) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX", provider);
        trust.init(trusted);
        return trust;
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

    static CompletableFuture<String> post(HttpClient client, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(PROVIDER + "/v1/chat/completions"))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenApply(HttpResponse::body);
    }
}
