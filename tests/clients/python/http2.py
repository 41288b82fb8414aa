"""HTTP/2: many calls at once on one connection, streams and plain answers, some given up half-way."""
import asyncio
import json
import os

import httpx

from common import CLAUDE, MODEL, PROVIDER, USAGE, ask, check, output_tokens

KEY = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}


async def plain(client, n):
    answer = await client.post("/v1/chat/completions", json={"model": MODEL + "-gzip", "messages": ask(n)})
    check(answer.http_version == "HTTP/2", answer.http_version)
    check(answer.json()["usage"]["prompt_tokens"] == n, f"n={n}")


async def streamed(client, n):
    body = {"model": f"{MODEL}-stream-20-pace-2", "messages": ask(n), "stream": True, "stream_options": USAGE}
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        events = [line[6:] async for line in answer.aiter_lines() if line.startswith("data: {")]
    check(json.loads(events[-1])["usage"]["prompt_tokens"] == n, f"n={n}")


async def messages(client, n):
    body = {"model": f"{CLAUDE}-stream-9-pace-1", "max_tokens": 64, "messages": ask(n), "stream": True}
    answer = await client.post("/v1/messages", json=body)
    check(f'"output_tokens":{output_tokens(n)}}}' in answer.text, f"n={n}")


async def large(client, n):
    """Longer than the server's window: the body waits for more room, and others go on meanwhile."""
    padding = {"role": "user", "content": "x" * 200_000}
    answer = await client.post("/v1/chat/completions", json={"model": MODEL, "messages": ask(n) + [padding]})
    check(answer.json()["usage"]["prompt_tokens"] == n, f"n={n}")


async def given_up(client, n):
    """Leaves a stream after its first event: the client resets it, the connection goes on."""
    body = {"model": f"{MODEL}-stream-500-pace-20", "messages": ask(n), "stream": True}
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        await anext(answer.aiter_lines())


async def main():
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(http2=True, base_url=PROVIDER, headers=KEY, limits=limits, timeout=60) as client:
        kinds = (plain, streamed, messages, streamed, large, given_up)
        await asyncio.gather(*(kinds[i % len(kinds)](client, 6000 + i) for i in range(60)))
        # What was given up is over at the other end as well before the connection is.
        await asyncio.sleep(0.2)
        await plain(client, 6100)


asyncio.run(main())
