// Netty with TLS in native code (netty-tcnative): a call and a stream, one connection each.

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.File;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

public class Netty {
    static final URI PROVIDER = URI.create(System.getenv("PROVIDER"));

    public static void main(String[] words) throws Exception {
        SslContext tls = SslContextBuilder.forClient()
                .sslProvider(SslProvider.OPENSSL)
                .trustManager(new File(System.getenv("CA")))
                .build();
        NioEventLoopGroup group = new NioEventLoopGroup(1);
        try {
            contains(post(group, tls, ask(10, "", "")), "\"prompt_tokens\":10,");
            String stream = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
            contains(post(group, tls, ask(11, "-stream-9-pace-2", stream)), "[DONE]");
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
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

    static String post(NioEventLoopGroup group, SslContext tls, String body) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        Bootstrap bootstrap = new Bootstrap().group(group).channel(NioSocketChannel.class);
        bootstrap.handler(new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline()
                        .addLast(tls.newHandler(channel.alloc(), PROVIDER.getHost(), PROVIDER.getPort()))
                        .addLast(new HttpClientCodec())
                        .addLast(new HttpObjectAggregator(1 << 20))
                        .addLast(new SimpleChannelInboundHandler<FullHttpResponse>() {
                            @Override
                            protected void channelRead0(ChannelHandlerContext context, FullHttpResponse response) {
                                answer.complete(response.content().toString(StandardCharsets.UTF_8));
                                context.close();
                            }

                            @Override
                            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                                answer.completeExceptionally(cause);
                                context.close();
                            }
                        });
            }
        });
        DefaultFullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1,
                HttpMethod.POST,
                "/v1/chat/completions",
                Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
        request.headers()
                .set("host", PROVIDER.getAuthority())
                .set("content-type", "application/json")
                .set("content-length", request.content().readableBytes());
        bootstrap.connect(PROVIDER.getHost(), PROVIDER.getPort()).sync().channel().writeAndFlush(request);
        return answer.get(30, TimeUnit.SECONDS);
    }
}
