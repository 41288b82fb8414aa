/*
 * Traffic and system calls that are no HTTP, for measuring what looking at sockets costs them.
 *
 *   sockets --seconds S
 *
 * Each load runs for S seconds, one after the other. Prints one JSON object of operations a second:
 * `tcp_bulk`: writes of 64 KiB over loopback to another process; `tcp_small` and `unix_small`: 64
 * bytes written and read, both ends in one thread, so that the scheduler has no say; `connections`:
 * opened, 64 bytes each, closed; `system_calls`: getppid; `file_calls`: reads and writes of a device.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SMALL = 64, LARGE = 64 << 10, BATCH = 64 };

static char buffer[LARGE];

static void need(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tcp_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), at_once = 1;
    need(listener >= 0 && !bind(listener, (struct sockaddr *)&address, length) && !listen(listener, 1) &&
             !getsockname(listener, (struct sockaddr *)&address, &length),
         "listen");
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    need(ends[0] >= 0 && !connect(ends[0], (struct sockaddr *)&address, length), "connect");
    ends[1] = accept(listener, NULL, NULL);
    need(ends[1] >= 0, "accept");
    close(listener);
    for (int i = 0; i < 2; i++)
        setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
}

static void unix_pair(int ends[2])
{
    need(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
}

static void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static void echo(const int ends[2])
{
    need(write(ends[0], buffer, SMALL) == SMALL && read(ends[1], buffer, SMALL) == SMALL, "echo");
}

/* Operations a second of one that is made in batches. */
#define RATE(seconds, batch, operation)                                                                      \
    ({                                                                                                       \
        double start_ = now(), end_ = start_;                                                                \
        unsigned long made_ = 0;                                                                             \
        for (; end_ < start_ + (seconds); end_ = now(), made_ += (batch))                                    \
            for (int i_ = 0; i_ < (batch); i_++)                                                             \
                operation;                                                                                   \
        (double)made_ / (end_ - start_);                                                                     \
    })

static double tcp_bulk(double seconds)
{
    int ends[2];
    tcp_pair(ends);
    pid_t reader = fork();
    need(reader >= 0, "fork");
    if (!reader) {
        close(ends[0]);
        while (read(ends[1], buffer, LARGE) > 0)
            ;
        _exit(0);
    }
    close(ends[1]);
    double rate = RATE(seconds, 8, need(write(ends[0], buffer, LARGE) == LARGE, "write"));
    close(ends[0]);
    waitpid(reader, NULL, 0);
    return rate;
}

static double small(void (*pair)(int[2]), double seconds)
{
    int ends[2];
    pair(ends);
    double rate = RATE(seconds, BATCH, echo(ends));
    close_pair(ends);
    return rate;
}

static void one_connection(void)
{
    /* Reset, not closed: ports that wait to be used again would run out. */
    struct linger reset = {.l_onoff = 1};
    int ends[2];
    tcp_pair(ends);
    echo(ends);
    setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close_pair(ends);
}

static double file_calls(double seconds)
{
    int device = open("/dev/zero", O_RDWR);
    need(device >= 0, "/dev/zero");
    double rate = RATE(seconds, BATCH,
                       need(read(device, buffer, SMALL) == SMALL && write(device, buffer, SMALL) == SMALL, "device"));
    close(device);
    return 2 * rate;
}

int main(int count, char **words)
{
    double seconds = count == 3 && !strcmp(words[1], "--seconds") ? atof(words[2]) : 0;
    if (seconds <= 0) {
        fprintf(stderr, "usage: sockets --seconds S\n");
        return 2;
    }
    printf("{\"tcp_bulk\":%f", tcp_bulk(seconds));
    printf(",\"tcp_small\":%f", small(tcp_pair, seconds));
    printf(",\"unix_small\":%f", small(unix_pair, seconds));
    printf(",\"connections\":%f", RATE(seconds, 8, one_connection()));
    printf(",\"system_calls\":%f", RATE(seconds, 4096, syscall(SYS_getppid)));
    printf(",\"file_calls\":%f}\n", file_calls(seconds));
    return 0;
}
