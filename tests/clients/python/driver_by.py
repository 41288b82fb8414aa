"""A driver (`tests/clients/drivers`) by the Python library that the first argument names."""
import asyncio
import json
import os
import ssl
import sys
import time
from urllib.parse import urlsplit

from common import CLAUDE, MODEL, OPENAI, PROVIDER, USAGE, ask, check, output_tokens

HEADERS = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
CHAT = OPENAI + "/chat/completions"


def trusting():
    return ssl.create_default_context(cafile=os.environ["CA"])


def chat(n, words):
    stream = {"stream": True, "stream_options": USAGE} if "-stream-" in words else {}
    return {"model": MODEL + words, "messages": ask(n), **stream}


def right(text, n):
    check(f'"prompt_tokens":{n},' in text, f"n={n}: {text}")


def by_http_client():
    import http.client

    address = urlsplit(PROVIDER)
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(address.netloc, context=trusting())
    else:
        connection = http.client.HTTPConnection(address.netloc)

    def call(n, words):
        connection.request("POST", "/v1/chat/completions", json.dumps(chat(n, words)), HEADERS)
        right(connection.getresponse().read().decode(), n)

    return call


def by_requests():
    import requests

    session = requests.Session()
    session.headers.update(HEADERS)

    def call(n, words):
        right(session.post(CHAT, json=chat(n, words)).text, n)

    return call


def by_httpx(**options):
    import httpx

    client = httpx.Client(headers=HEADERS, verify=trusting(), **options)

    def call(n, words):
        right(client.post(CHAT, json=chat(n, words)).text, n)

    return call


def by_openai():
    import openai

    client = openai.OpenAI(base_url=OPENAI, max_retries=0)

    def call(n, words):
        answer = client.chat.completions.create(**chat(n, words))
        usage = [*answer][-1].usage if "-stream-" in words else answer.usage
        check(usage.prompt_tokens == n, f"n={n}")

    return call


def by_openai_async():
    import openai

    client, loop = openai.AsyncOpenAI(base_url=OPENAI, max_retries=0), asyncio.new_event_loop()

    async def ask_for(n, words):
        answer = await client.chat.completions.create(**chat(n, words))
        usage = [chunk async for chunk in answer][-1].usage if "-stream-" in words else answer.usage
        check(usage.prompt_tokens == n, f"n={n}")

    return lambda n, words: loop.run_until_complete(ask_for(n, words))


def by_aiohttp():
    import aiohttp

    loop = asyncio.new_event_loop()

    async def begin():
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting()), headers=HEADERS)

    session = loop.run_until_complete(begin())

    async def post(n, words):
        async with session.post(CHAT, json=chat(n, words)) as answer:
            right(await answer.text(), n)

    return lambda n, words: loop.run_until_complete(post(n, words))


def by_anthropic():
    import anthropic

    client = anthropic.Anthropic(base_url=PROVIDER, max_retries=0)

    def call(n, words):
        request = {"model": CLAUDE + words, "max_tokens": 64, "messages": ask(n)}
        if "-stream-" in words:
            with client.messages.stream(**request) as stream:
                message = stream.get_final_message()
        else:
            message = client.messages.create(**request)
        check(message.usage.output_tokens == output_tokens(n), f"n={n}")

    return call


def by_curl_cffi():
    from curl_cffi import requests

    session = requests.Session(verify=os.environ["CA"], headers=HEADERS)

    def call(n, words):
        right(session.post(CHAT, data=json.dumps(chat(n, words))).text, n)

    return call


LIBRARIES = {
    "http.client": by_http_client,
    "requests": by_requests,
    "httpx": by_httpx,
    "httpx-http2": lambda: by_httpx(http2=True),
    "openai": by_openai,
    "openai-async": by_openai_async,
    "aiohttp": by_aiohttp,
    "anthropic": by_anthropic,
    "curl_cffi": by_curl_cffi,
}


def load(client, seconds, pause=0.0):
    call, made, busy = client(), 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.perf_counter_ns()
        call(1000 + made % 1000, "")
        busy += time.perf_counter_ns() - begun
        made += 1
        time.sleep(pause / 1000)
    print(f"made {made} {busy // 1000}", flush=True)


def drive(client, prepare=lambda call: None):
    call = client()
    prepare(call)
    print("up", flush=True)
    for line in sys.stdin:
        first, *words = line.split()
        if first == "load":
            load(client, *map(float, words))
        else:
            call(int(first), "".join(words))
            print(f"answered {first}", flush=True)


if __name__ == "__main__":
    drive(LIBRARIES[sys.argv[1]])
