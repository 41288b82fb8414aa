/*
 * Chat completions without TLS through every system call that moves the bytes of a socket, client and
 * server in one program: for kernels that are booted with little else on board.
 *
 *   plain --count N
 *
 * Makes N calls over TCP and N over AF_UNIX. Their ids begin where those of the provider of the other
 * loads never come; the token counts follow from the id as theirs do. Prints a JSON object with how many
 * were `made`.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 8192 };

static const unsigned long long FIRST_ID = 9000000000000000ULL;

static void need(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

/* Length of the message that `text` begins with; 0 as long as its head is not whole. */
static size_t message_length(const char *text)
{
    static const char length[] = "content-length: ";
    const char *end = strstr(text, "\r\n\r\n"), *value = strstr(text, length);
    if (!end || !value)
        return 0;
    return (size_t)(end + 4 - text) + strtoul(value + sizeof length - 1, NULL, 10);
}

static int head(char *to, size_t room, const char *start, int length)
{
    return snprintf(to, room, "%s\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n",
                    start, length);
}

static ssize_t receive(int from, char *to, size_t room, int number)
{
    struct iovec parts[] = {{to, 10}, {to + 10, room - 10}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    switch (number % 4) {
    case 0:
        return read(from, to, room);
    case 1:
        return recvmsg(from, &message, 0);
    case 2:
        return readv(from, parts, 2);
    default:
        need(recv(from, to, 100, MSG_PEEK) > 0, "a look ahead");
        return recv(from, to, room, 0);
    }
}

/* Reads one message, 0 at the end of all. */
static size_t read_message(int from, int number)
{
    char text[ROOM];
    size_t length = 0, wanted = 0;
    while (!wanted || length < wanted) {
        ssize_t more = receive(from, text + length, sizeof text - 1 - length, number);
        if (more <= 0)
            return 0;
        length += (size_t)more;
        text[length] = 0;
        wanted = message_length(text);
    }
    return length;
}

static void send_request(int to, int number)
{
    char body[256], start[256];
    int length = snprintf(body, sizeof body,
                          "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"n=%d\"}]}", number);
    int before = head(start, sizeof start, "POST /v1/chat/completions HTTP/1.1", length);
    struct iovec parts[] = {{start, (size_t)before}, {body, 0}, {body, (size_t)length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    int whole = before + length;
    switch (number % 4) {
    case 0:
        need(write(to, start, (size_t)before) == before && send(to, body, (size_t)length, 0) == length, "send");
        break;
    case 1:
        need(writev(to, parts, 3) == whole, "writev");
        break;
    case 2:
        need(sendmsg(to, &message, 0) == whole, "sendmsg");
        break;
    default:
        need(write(to, start, 20) == 20 && write(to, start + 20, (size_t)before - 20) == before - 20 &&
                 write(to, body, (size_t)length) == length,
             "write");
    }
}

static void serve(int with, unsigned long long id)
{
    for (; read_message(with, 0); id++) {
        char body[512], start[256];
        int in = 1000 + (int)(id % 1000), out = 2000 + (int)(id % 500);
        int length = snprintf(body, sizeof body,
                              "{\"id\":\"chatcmpl-%016llu\",\"object\":\"chat.completion\",\"model\":\"m-1\",\"choices\":"
                              "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":"
                              "\"stop\"}],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}}",
                              id, in, out, in + out);
        int before = head(start, sizeof start, "HTTP/1.1 200 OK", length);
        struct iovec parts[] = {{start, (size_t)before}, {body, (size_t)length}};
        need(writev(with, parts, 2) == before + length, "an answer");
    }
    _exit(0);
}

static void calls(const struct sockaddr *address, socklen_t length, unsigned long long id, int count)
{
    struct sockaddr_storage bound;
    socklen_t room = sizeof bound;
    int listener = socket(address->sa_family, SOCK_STREAM, 0);
    need(listener >= 0 && !bind(listener, address, length) && !listen(listener, 1), "listen");
    need(!getsockname(listener, (struct sockaddr *)&bound, &room), "getsockname");
    pid_t server = fork();
    need(server >= 0, "fork");
    if (!server)
        serve(accept(listener, NULL, NULL), id);
    int client = socket(address->sa_family, SOCK_STREAM, 0);
    need(client >= 0 && !connect(client, (struct sockaddr *)&bound, room), "connect");
    for (int number = 0; number < count; number++) {
        send_request(client, number);
        need(read_message(client, number) > 0, "an answer");
    }
    close(client);
    close(listener);
    waitpid(server, NULL, 0);
}

int main(int words, char **word)
{
    int count = words == 3 && !strcmp(word[1], "--count") ? atoi(word[2]) : 0;
    if (count <= 0) {
        fprintf(stderr, "usage: plain --count N\n");
        return 2;
    }
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    snprintf(path.sun_path, sizeof path.sun_path, "/tmp/plain-%d.sock", getpid());
    calls((struct sockaddr *)&tcp, sizeof tcp, FIRST_ID, count);
    calls((struct sockaddr *)&path, sizeof path, FIRST_ID + (unsigned)count, count);
    unlink(path.sun_path);
    printf("{\"made\":%d}\n", 2 * count);
    return 0;
}
