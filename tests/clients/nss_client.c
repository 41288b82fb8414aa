/* Calls through libcurl on NSS. Linked with the library by its name, whose headers few have installed:
 * the few functions and numbers that are used are part of its stable interface. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void CURL;
struct curl_slist;
extern int curl_global_init(long flags);
extern CURL *curl_easy_init(void);
extern int curl_easy_setopt(CURL *, int option, ...);
extern int curl_easy_perform(CURL *);
extern const char *curl_easy_strerror(int);
extern void curl_easy_cleanup(CURL *);
extern struct curl_slist *curl_slist_append(struct curl_slist *, const char *);

enum { GLOBAL_ALL = 3, URL = 10002, POSTFIELDS = 10165, HTTPHEADER = 10023, WRITEFUNCTION = 20011,
       WRITEDATA = 10001, SSL_VERIFYPEER = 64, HTTP_VERSION = 84, HTTP_1_1 = 2, HTTP_2 = 4 };

struct answer { char text[1 << 20]; size_t length; };
static struct answer answer;

static size_t take(char *data, size_t size, size_t count, void *to) {
    struct answer *all = to;
    size_t bytes = size * count;
    if (bytes >= sizeof all->text - all->length) return 0;
    memcpy(all->text + all->length, data, bytes);
    all->length += bytes;
    all->text[all->length] = 0;
    return bytes;
}

static void post(CURL *curl, int n, const char *words, const char *more, const char *wanted) {
    char body[256];
    snprintf(body, sizeof body, "{\"model\":\"gpt-4o-mini%s\",\"messages\":[{\"role\":\"user\",\"content\":\"n=%d\"}]%s}",
             words, n, more);
    answer.length = 0;
    curl_easy_setopt(curl, POSTFIELDS, body);
    int failed = curl_easy_perform(curl);
    if (failed || !strstr(answer.text, wanted)) {
        fprintf(stderr, "call %d: %s: %.200s\n", n, curl_easy_strerror(failed), answer.text);
        exit(1);
    }
}

int main(void) {
    char url[256], key[256];
    snprintf(url, sizeof url, "%s/v1/chat/completions", getenv("PROVIDER"));
    snprintf(key, sizeof key, "authorization: Bearer %s", getenv("OPENAI_API_KEY"));
    curl_global_init(GLOBAL_ALL);
    struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/json");
    headers = curl_slist_append(headers, key);
    for (int round = 0; round < 4; round++) {
        CURL *curl = curl_easy_init();
        curl_easy_setopt(curl, URL, url);
        curl_easy_setopt(curl, HTTPHEADER, headers);
        curl_easy_setopt(curl, WRITEFUNCTION, take);
        curl_easy_setopt(curl, WRITEDATA, &answer);
        /* Who answers is not what is tested here, and trust in files needs another module. */
        curl_easy_setopt(curl, SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, HTTP_VERSION, (long)(round % 2 ? HTTP_2 : HTTP_1_1));
        int n = 700 + 10 * round;
        post(curl, n, "", "", "\"prompt_tokens\"");
        post(curl, n + 1, "-stream-20", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", "[DONE]");
        post(curl, n + 2, "-bytes-100000-split-7", "", "\"prompt_tokens\"");
        curl_easy_cleanup(curl);
    }
    return 0;
}
