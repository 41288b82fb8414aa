"""Requests of equal length at once on one event loop, each on a connection of its own."""
import asyncio
import json
import os
import ssl
from urllib.parse import urlsplit

import httpx

from common import MODEL, OPENAI, PROVIDER, ask, check

CONTEXT = ssl.create_default_context(cafile=os.environ["CA"])
HOST = urlsplit(PROVIDER)
HEADERS = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}


def chat(n):
    return {"model": f"{MODEL}-delay-20", "messages": ask(n)}


async def by_httpx(client, n):
    answer = await client.post(OPENAI + "/chat/completions", json=chat(n))
    check(answer.json()["usage"]["prompt_tokens"] == n, "httpx")


async def by_asyncio(n):
    reader, writer = await asyncio.open_connection(HOST.hostname, HOST.port, ssl=CONTEXT)
    body = json.dumps(chat(n)).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {HOST.netloc}\r\nconnection: close\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.read()
    check(f'"prompt_tokens":{n},'.encode() in answer, "asyncio")
    writer.close()


async def main():
    await by_asyncio(1000)
    await asyncio.gather(*(by_asyncio(1100 + i) for i in range(50)))
    once = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(headers=HEADERS, verify=CONTEXT, limits=once) as client:
        await asyncio.gather(*(by_httpx(client, 1200 + i) for i in range(50)))


asyncio.run(main())
