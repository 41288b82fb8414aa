"""The same APIs through HTTP libraries that know nothing of models: httpx, requests, http.client."""
import asyncio
import http.client
import json
import os
import ssl
from urllib.parse import urlsplit

import httpx
import requests

from common import CLAUDE, MODEL, OPENAI, PROVIDER, USAGE, ask, check

HEADERS = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
CHAT = OPENAI + "/chat/completions"


def chat(n, words="", **more):
    return {"model": MODEL + words, "messages": ask(n), **more}


def streamed(n):
    return chat(n, "-stream-5", stream=True, stream_options=USAGE)


with httpx.Client(headers=HEADERS, verify=ssl.create_default_context()) as client:
    check(client.post(CHAT, json=chat(301)).json()["usage"]["prompt_tokens"] == 301, "httpx")
    with client.stream("POST", CHAT, json=streamed(302)) as answer:
        check("[DONE]" in answer.read().decode(), "httpx stream")
    check(client.post(CHAT, json=chat(303, "-fail-400")).status_code == 400, "httpx 400")


async def parallel():
    async with httpx.AsyncClient(headers=HEADERS, verify=ssl.create_default_context()) as client:
        await asyncio.gather(*(client.post(CHAT, json=streamed(n)) for n in range(310, 330)))


asyncio.run(parallel())

with requests.Session() as session:
    session.headers.update(HEADERS)
    check(session.post(CHAT, json=chat(341)).json()["usage"]["prompt_tokens"] == 341, "requests")
    with session.post(CHAT, json=streamed(342), stream=True) as answer:
        check(any(b"[DONE]" in line for line in answer.iter_lines()), "requests stream")
    body = {"model": f"{CLAUDE}-gzip", "max_tokens": 9, "messages": ask(343)}
    check(session.post(PROVIDER + "/v1/messages?beta=true", json=body).ok, "requests gzip")
    session.post(OPENAI + "/embeddings", json={"model": "text-embedding-3-large", "input": ["n=344"]})
    session.get(PROVIDER + "/bulk/100000")

connection = http.client.HTTPSConnection(urlsplit(PROVIDER).netloc, context=ssl.create_default_context())
for n in (351, 352):
    connection.request("POST", "/v1/chat/completions", json.dumps(chat(n)), HEADERS)
    check(json.load(connection.getresponse())["usage"]["prompt_tokens"] == n, "http.client")
connection.close()
