/* Traffic of one TLS connection: what is sent, what is read, when an exchange is over. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <openssl/ssl.h>
#include <stddef.h>

enum mode {
    MODE_JSON,    /* 2 KB chat completion, 2 KB answer in one record each */
    MODE_STREAM,  /* one request, an answer of 200 server-sent events, a record each */
    MODE_BULK_TX, /* 16 KiB records sent without end: no LLM traffic */
    MODE_BULK_RX, /* 16 KiB records received without end: no LLM traffic */
    MODE_DISCARD, /* 64-byte SSL_write into a null BIO: the cost of the call and its probe alone */
};

struct connection {
    SSL *ssl;
    SSL *outer; /* of the proxy, if the connection runs through one */
    int fd;
    enum mode mode;
    unsigned char *buffer;
    unsigned long calls; /* of SSL_read and SSL_write, handshake not counted */
    unsigned long bytes; /* of plaintext, both directions */
};

/* A client context that accepts any certificate: the peer is a test server. */
SSL_CTX *traffic_context(void);

/* Connects to 127.0.0.1, shakes hands, and for the bulk modes tells the server which way. Through a
 * tunnel the server is first a proxy, reached by TLS, and then itself, reached by TLS in that TLS. */
void connection_open(struct connection *, SSL_CTX *, int port, enum mode, int through_tunnel);

/* Makes one exchange (one SSL call in the bulk and discard modes). Exits on any failure. */
void connection_exchange(struct connection *);

void connection_close(struct connection *);

#endif
