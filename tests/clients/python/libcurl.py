"""libcurl by its C interface, with whatever TLS the library named first was built for."""
import ctypes
import json
import os
import sys

from common import CLAUDE, MODEL, OPENAI, PROVIDER, USAGE, ask, check

URL, POSTFIELDS, HEADERS, CA, WRITE = 10002, 10165, 10023, 10065, 20011
HTTP_VERSION, STATUS = 84, 0x200002
HTTP_1_1, HTTP_2 = 2, 4
SINK = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)

curl = ctypes.CDLL(sys.argv[1])
curl.curl_easy_init.restype = ctypes.c_void_p
curl.curl_version.restype = ctypes.c_char_p
curl.curl_slist_append.restype = ctypes.c_void_p
curl.curl_slist_append.argtypes = [ctypes.c_void_p, ctypes.c_char_p]


class Handle:
    """One easy handle: its calls share a connection."""

    def __init__(self, version):
        self.easy = ctypes.c_void_p(curl.curl_easy_init())
        self.answer = bytearray()
        self.sink = SINK(self.take)
        headers = None
        for line in ["content-type: application/json", "authorization: Bearer " + os.environ["OPENAI_API_KEY"]]:
            headers = curl.curl_slist_append(headers, line.encode())
        self.set(HEADERS, ctypes.c_void_p(headers))
        self.set(CA, os.environ["CA"].encode())
        self.set(WRITE, self.sink)
        self.set(HTTP_VERSION, ctypes.c_long(version))

    def set(self, option, value):
        check(curl.curl_easy_setopt(self.easy, option, value) == 0, f"option {option}")

    def take(self, data, size, count, _):
        self.answer += ctypes.string_at(data, size * count)
        return size * count

    def post(self, url, body):
        self.answer.clear()
        self.set(URL, url.encode())
        self.set(POSTFIELDS, json.dumps(body).encode())
        failed = curl.curl_easy_perform(self.easy)
        check(failed == 0, f"curl error {failed}")
        status = ctypes.c_long()
        curl.curl_easy_getinfo(self.easy, STATUS, ctypes.byref(status))
        return status.value, bytes(self.answer)

    def close(self):
        curl.curl_easy_cleanup(self.easy)


def chat(n, words="", **more):
    return {"model": MODEL + words, "messages": ask(n), **more}


def calls(version, n):
    handle = Handle(version)
    url = OPENAI + "/chat/completions"
    status, answer = handle.post(url, chat(n))
    check(status == 200 and f'"prompt_tokens":{n}'.encode() in answer, "a call")
    _, answer = handle.post(url, chat(n + 1, "-stream-20-pace-2", stream=True, stream_options=USAGE))
    check(b"[DONE]" in answer, "a stream")
    check(handle.post(url, chat(n + 2, "-fail-400"))[0] == 400, "a refusal")
    _, answer = handle.post(PROVIDER + "/v1/messages", {"model": CLAUDE, "max_tokens": 9, "messages": ask(n + 3)})
    check(b"end_turn" in answer, "a message")
    _, answer = handle.post(url, chat(n + 4, "-bytes-200000-split-7"))
    check(len(answer) > 200000, "a long answer")
    _, answer = handle.post(url, {**chat(n + 5), "padding": "x" * 100000})
    check(f'"prompt_tokens":{n + 5}'.encode() in answer, "a long prompt")
    handle.close()


curl.curl_global_init(3)
print(curl.curl_version().decode())
for round in range(2):
    calls(HTTP_1_1, 1000 + 20 * round)
    calls(HTTP_2, 1010 + 20 * round)
