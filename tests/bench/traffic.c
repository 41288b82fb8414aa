#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD = 16384, REQUEST_BODY = 2048, DISCARDED = 64 };

/* The first bytes of a bulk connection: not HTTP, so a tracer has nothing to wait for. */
static const char SINK[] = "\x01" "bench-sink\n";
static const char SOURCE[] = "\x01" "bench-source\n";

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: ", what);
    if (ERR_peek_error())
        ERR_print_errors_fp(stderr);
    else
        perror(NULL);
    exit(1);
}

SSL_CTX *traffic_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        fail("cannot make a TLS context");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    return context;
}

static void write_all(struct connection *c, const void *bytes, int length)
{
    if (SSL_write(c->ssl, bytes, length) != length)
        fail("SSL_write");
    c->calls++;
    c->bytes += (unsigned long)length;
}

static int read_some(struct connection *c, void *into, int room)
{
    int length = SSL_read(c->ssl, into, room);
    if (length <= 0)
        fail("SSL_read");
    c->calls++;
    c->bytes += (unsigned long)length;
    return length;
}

/* A chat completion of REQUEST_BODY bytes, the same for every exchange. */
static const char *request(enum mode mode, int *length)
{
    static char text[2][REQUEST_BODY + 512];
    static int lengths[2];
    int stream = mode == MODE_STREAM;
    *length = lengths[stream];
    if (*length)
        return text[stream];

    char body[REQUEST_BODY + 1];
    int used = snprintf(body, sizeof body, "{\"model\":\"gpt-4o\",%s\"temperature\":0.5,\"messages\":[{\"role\":\"user\",\"content\":\"",
                        stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "");
    static const char end[] = "\"}]}";
    for (int i = used; i < REQUEST_BODY; i++)
        body[i] = "a question of some length, "[i % 27];
    memcpy(body + REQUEST_BODY - strlen(end), end, strlen(end));
    body[REQUEST_BODY] = 0;

    *length = snprintf(text[stream], sizeof text[stream],
                       "POST /v1/chat/completions HTTP/1.1\r\n"
                       "Host: api.openai.com\r\n"
                       "User-Agent: bench-load/1\r\n"
                       "Accept: application/json\r\n"
                       "Authorization: Bearer sk-bench-0000000000000000000000000000\r\n"
                       "Content-Type: application/json\r\n"
                       "Content-Length: %d\r\n\r\n%s",
                       REQUEST_BODY, body);
    lengths[stream] = *length;
    return text[stream];
}

/* Records of a connection that runs through another one: calls in calls on one thread, as clients make
 * them that reach a proxy by TLS. */
static int inner_write(BIO *bio, const char *bytes, int length)
{
    return SSL_write(BIO_get_data(bio), bytes, length);
}

static int inner_read(BIO *bio, char *into, int room)
{
    return SSL_read(BIO_get_data(bio), into, room);
}

static long inner_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *bio_over(SSL *outer)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TLS in TLS");
    if (!method || !BIO_meth_set_write(method, inner_write) || !BIO_meth_set_read(method, inner_read) || !BIO_meth_set_ctrl(method, inner_control))
        fail("cannot make a BIO");
    BIO *bio = BIO_new(method);
    if (!bio)
        fail("cannot make a BIO");
    BIO_set_data(bio, outer);
    BIO_set_init(bio, 1);
    return bio;
}

/* What runs over `bio`, its hand shaken. */
static SSL *shake_hands(SSL_CTX *context, BIO *bio)
{
    SSL *ssl = SSL_new(context);
    if (!ssl || !bio)
        fail("cannot make a connection");
    SSL_set_bio(ssl, bio, bio);
    if (!SSL_set_tlsext_host_name(ssl, "api.openai.com") || SSL_connect(ssl) != 1)
        fail("cannot shake hands");
    return ssl;
}

static void ask_proxy(SSL *proxy, int port)
{
    char text[256];
    int length = snprintf(text, sizeof text, "CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", port, port);
    if (SSL_write(proxy, text, length) != length)
        fail("SSL_write");
    length = SSL_read(proxy, text, sizeof text - 1);
    if (length < 13 || memcmp(text, "HTTP/1.1 200 ", 13) != 0)
        fail("no tunnel");
}

void connection_open(struct connection *c, SSL_CTX *context, int port, enum mode mode, int through_tunnel)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;

    c->mode = mode;
    c->buffer = malloc(RECORD);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!c->buffer || c->fd < 0 || connect(c->fd, (struct sockaddr *)&server, sizeof server))
        fail("cannot connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->ssl = shake_hands(context, BIO_new_socket(c->fd, BIO_NOCLOSE));
    c->outer = NULL;
    if (through_tunnel) {
        c->outer = c->ssl;
        ask_proxy(c->outer, port);
        c->ssl = shake_hands(context, bio_over(c->outer));
    }

    for (int i = 0; i < RECORD; i++) /* bytes that look like nothing known */
        c->buffer[i] = (unsigned char)(i * 2654435761u >> 13 | 0x80);
    int unused;
    if (mode == MODE_BULK_TX || mode == MODE_DISCARD)
        write_all(c, SINK, sizeof SINK - 1);
    else if (mode == MODE_BULK_RX)
        write_all(c, SOURCE, sizeof SOURCE - 1);
    else
        request(mode, &unused);
    if (mode == MODE_DISCARD)
        SSL_set0_wbio(c->ssl, BIO_new(BIO_s_null()));
}

static void exchange_json(struct connection *c)
{
    int length, used = 0;
    const char *bytes = request(c->mode, &length);
    write_all(c, bytes, length);
    for (;;) {
        used += read_some(c, c->buffer + used, RECORD - 1 - used);
        c->buffer[used] = 0;
        char *head = (char *)c->buffer, *end = strstr(head, "\r\n\r\n");
        if (!end)
            continue;
        char *size = strstr(head, "Content-Length: ");
        if (!size || strncmp(head, "HTTP/1.1 200 ", 13) != 0)
            fail("unexpected answer");
        if (used >= end + 4 - head + atoi(size + 16))
            return;
    }
}

/* The server ends a stream with the last chunk in the record of the last event. */
static void exchange_stream(struct connection *c)
{
    int length;
    const char *bytes = request(c->mode, &length);
    write_all(c, bytes, length);
    do
        length = read_some(c, c->buffer, RECORD);
    while (length < 5 || memcmp(c->buffer + length - 5, "0\r\n\r\n", 5) != 0);
}

void connection_exchange(struct connection *c)
{
    switch (c->mode) {
    case MODE_JSON:
        exchange_json(c);
        break;
    case MODE_STREAM:
        exchange_stream(c);
        break;
    case MODE_BULK_TX:
        write_all(c, c->buffer, RECORD);
        break;
    case MODE_BULK_RX:
        read_some(c, c->buffer, RECORD);
        break;
    case MODE_DISCARD:
        write_all(c, c->buffer, DISCARDED);
        break;
    }
}

void connection_close(struct connection *c)
{
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    SSL_free(c->outer); /* NULL is none */
    close(c->fd);
    free(c->buffer);
}
