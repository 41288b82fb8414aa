/*
 * TLS load through the system's libssl, for measuring what tracing costs.
 *
 *   load --mode json|stream|bulk-tx|bulk-rx|discard --port N [--connections N]
 *        [--seconds S] [--warmup S] [--count N] [--rate N] [--tunnel]
 *
 * One thread a connection. Without --rate each connection makes one exchange after the other; with
 * it the load is open-loop: exchanges are due at fixed times, N a second over all connections, and
 * latency counts from when one was due. --count is in all, and stands for --seconds. Exchanges of
 * the warm-up are made, but not measured. With --tunnel TLS runs through TLS, as by way of a proxy.
 *
 * Prints one JSON object: `made` in all; `measured` in `seconds` with their `calls` of SSL_read and
 * SSL_write, plaintext `bytes`, processor time and latencies.
 */
#include "traffic.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

enum phase { WARMUP, MEASURED, OVER };

static struct {
    enum mode mode;
    const char *mode_name;
    int port;
    int connections;
    int tunnel;
    double seconds, warmup, rate;
    long count;
} options = {.mode_name = "json", .connections = 4, .seconds = 2, .warmup = 0.2};

static _Atomic int phase;
static pthread_barrier_t connected;

struct worker {
    pthread_t thread;
    int index;
    SSL_CTX *context;
    unsigned long made, measured, calls, bytes;
    unsigned *latencies; /* ns, of the measured exchanges */
    unsigned long room;
};

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(long long due)
{
    struct timespec t = {due / 1000000000, due % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
        ;
}

static void record(struct worker *w, long long ns)
{
    if (w->measured == w->room) {
        w->room = w->room ? w->room * 2 : 1 << 16;
        w->latencies = realloc(w->latencies, w->room * sizeof *w->latencies);
        if (!w->latencies) {
            perror("load: out of memory");
            exit(1);
        }
    }
    w->latencies[w->measured++] = ns > 0xffffffffLL ? 0xffffffffu : (unsigned)ns;
}

/* How many of --count this worker makes; -1 is no bound. */
static long share(const struct worker *w)
{
    if (!options.count)
        return -1;
    return options.count / options.connections + (w->index < options.count % options.connections);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct connection c = {0};
    long left = share(w);

    prctl(PR_SET_TIMERSLACK, 1UL);
    connection_open(&c, w->context, options.port, options.mode, options.tunnel);
    pthread_barrier_wait(&connected);

    long long interval = options.rate > 0 ? (long long)(1e9 * options.connections / options.rate) : 0;
    long long due = now_ns() + interval * w->index / options.connections;
    while (left != 0 && atomic_load_explicit(&phase, memory_order_relaxed) != OVER) {
        int measured = atomic_load_explicit(&phase, memory_order_relaxed) == MEASURED;
        unsigned long calls = c.calls, bytes = c.bytes;
        if (interval)
            sleep_until(due);
        long long start = interval ? due : now_ns();
        connection_exchange(&c);
        w->made++;
        if (measured) {
            record(w, now_ns() - start);
            w->calls += c.calls - calls;
            w->bytes += c.bytes - bytes;
        }
        due += interval;
        left -= left > 0;
    }
    connection_close(&c);
    return NULL;
}

static double cpu_us(const struct timeval *t)
{
    return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}

static int ascending(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

static double quantile_us(const unsigned *sorted, unsigned long n, double q)
{
    return n ? sorted[(unsigned long)(q * (double)(n - 1))] / 1e3 : 0;
}

static void report(struct worker *workers, double seconds, const struct rusage *from, const struct rusage *to)
{
    struct worker all = {0};
    for (int i = 0; i < options.connections; i++) {
        all.made += workers[i].made;
        all.measured += workers[i].measured;
        all.calls += workers[i].calls;
        all.bytes += workers[i].bytes;
    }
    all.latencies = malloc((all.measured + 1) * sizeof *all.latencies);
    if (!all.latencies) {
        perror("load: out of memory");
        exit(1);
    }
    unsigned long used = 0;
    for (int i = 0; i < options.connections; i++) {
        if (workers[i].measured)
            memcpy(all.latencies + used, workers[i].latencies, workers[i].measured * sizeof *all.latencies);
        used += workers[i].measured;
    }
    qsort(all.latencies, used, sizeof *all.latencies, ascending);
    printf("{\"mode\":\"%s\",\"connections\":%d,\"made\":%lu,\"measured\":%lu,\"calls\":%lu,\"bytes\":%lu,"
           "\"seconds\":%.6f,\"user_us\":%.0f,\"system_us\":%.0f,\"p50_us\":%.3f,\"p99_us\":%.3f}\n",
           options.mode_name, options.connections, all.made, all.measured, all.calls, all.bytes, seconds,
           cpu_us(&to->ru_utime) - cpu_us(&from->ru_utime), cpu_us(&to->ru_stime) - cpu_us(&from->ru_stime),
           quantile_us(all.latencies, used, 0.5), quantile_us(all.latencies, used, 0.99));
}

static void usage(void)
{
    fprintf(stderr, "usage: load --mode json|stream|bulk-tx|bulk-rx|discard --port N [--connections N] "
                    "[--seconds S] [--warmup S] [--count N] [--rate N] [--tunnel]\n");
    exit(2);
}

static enum mode parse_mode(const char *name)
{
    static const char *const names[] = {"json", "stream", "bulk-tx", "bulk-rx", "discard"};
    for (int i = 0; i < 5; i++)
        if (!strcmp(name, names[i]))
            return (enum mode)i;
    usage();
    return MODE_JSON;
}

static void parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"mode", 1, 0, 'm'},   {"port", 1, 0, 'p'},  {"connections", 1, 0, 'c'}, {"seconds", 1, 0, 's'},
        {"warmup", 1, 0, 'w'}, {"count", 1, 0, 'n'}, {"rate", 1, 0, 'r'},        {"tunnel", 0, 0, 't'},
        {0},
    };
    for (int o; (o = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (o) {
        case 'm': options.mode = parse_mode(options.mode_name = optarg); break;
        case 'p': options.port = atoi(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'w': options.warmup = atof(optarg); break;
        case 'n': options.count = atol(optarg); break;
        case 'r': options.rate = atof(optarg); break;
        case 't': options.tunnel = 1; break;
        default: usage();
        }
    }
    if (options.port <= 0 || options.connections <= 0)
        usage();
    if (options.count)
        options.warmup = 0;
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = traffic_context();
    struct worker *workers = calloc((size_t)options.connections, sizeof *workers);
    pthread_barrier_init(&connected, NULL, (unsigned)options.connections + 1);
    phase = options.warmup > 0 ? WARMUP : MEASURED;
    for (int i = 0; i < options.connections; i++) {
        workers[i].index = i;
        workers[i].context = context;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            perror("load: cannot start a thread");
            return 1;
        }
    }
    pthread_barrier_wait(&connected);

    struct rusage from, to;
    long long start = now_ns();
    sleep_until(start + (long long)(options.warmup * 1e9));
    getrusage(RUSAGE_SELF, &from);
    start = now_ns();
    phase = MEASURED;
    if (!options.count) {
        sleep_until(start + (long long)(options.seconds * 1e9));
        phase = OVER;
    }
    for (int i = 0; i < options.connections; i++)
        pthread_join(workers[i].thread, NULL);
    getrusage(RUSAGE_SELF, &to);
    report(workers, (double)(now_ns() - start) / 1e9, &from, &to);
    return 0;
}
