// A client with OpenSSL linked in and its symbols stripped. Arguments: HOST PORT, then what to do: a
// number is a call, `new` makes another TLS object on a new connection (the allocator gives it the
// same address as a rule). Odd numbers go through SSL_read_ex and SSL_write_ex.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(int done, const char *what) {
  if (done > 0) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static SSL *connected(SSL_CTX *context, const char *host, int port, int *plain) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  check(inet_pton(AF_INET, host, &address.sin_addr), "inet_pton");
  *plain = socket(AF_INET, SOCK_STREAM, 0);
  check(connect(*plain, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  SSL *tls = SSL_new(context);
  check(tls != NULL, "SSL_new");
  check(SSL_set_fd(tls, *plain), "SSL_set_fd");
  check(SSL_connect(tls), "SSL_connect");
  return tls;
}

static void call(SSL *tls, const char *host, int port, int n) {
  char body[256], request[512], answer[65536], expected[64];
  snprintf(body, sizeof body, "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"n=%d\"}]}", n);
  int length = snprintf(request, sizeof request,
                        "POST /v1/chat/completions HTTP/1.1\r\nhost: %s:%d\r\n"
                        "content-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
                        host, port, strlen(body), body);
  size_t moved = 0, have = 0;
  if (n % 2)
    check(SSL_write_ex(tls, request, (size_t)length, &moved), "SSL_write_ex");
  else
    check(SSL_write(tls, request, length), "SSL_write");
  while (!memmem(answer, have, "\"total_tokens\"", 14) || answer[have - 1] != '}') {
    check(have < sizeof answer - 1, "room");
    int size = (int)(sizeof answer - 1 - have);
    if (n % 2) {
      check(SSL_read_ex(tls, answer + have, (size_t)size, &moved), "SSL_read_ex");
    } else {
      size = SSL_read(tls, answer + have, size);
      check(size, "SSL_read");
      moved = (size_t)size;
    }
    have += moved;
  }
  snprintf(expected, sizeof expected, "\"prompt_tokens\":%d,", n);
  check(memmem(answer, have, expected, strlen(expected)) != NULL, "the answer");
  printf("answered %d\n", n);
}

int main(int count, char **words) {
  check(count > 2, "HOST PORT");
  int port = atoi(words[2]), plain = -1;
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL *tls = connected(context, words[1], port, &plain);
  for (int i = 3; i < count; i++) {
    if (strcmp(words[i], "new") != 0) {
      call(tls, words[1], port, atoi(words[i]));
      continue;
    }
    SSL_free(tls);
    close(plain);
    tls = connected(context, words[1], port, &plain);
  }
  SSL_free(tls);
  return 0;
}
