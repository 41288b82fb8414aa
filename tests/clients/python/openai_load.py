"""Streamed calls over many connections on one event loop; every answer is checked."""
import asyncio
import sys

import httpx
import openai

from common import MODEL, OPENAI, USAGE, ask, check, output_tokens

CALLS, CONNECTIONS, CHUNKS = (int(word) for word in sys.argv[1:4])


async def call(client, n):
    model = f"{MODEL}-stream-{CHUNKS}-pace-1"
    stream = await client.chat.completions.create(model=model, messages=ask(n), stream=True, stream_options=USAGE)
    last = [chunk async for chunk in stream][-1]
    check((last.usage.prompt_tokens, last.usage.completion_tokens) == (n, output_tokens(n)), f"n={n}")


async def main():
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    http = httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(120))
    async with openai.AsyncOpenAI(base_url=OPENAI, max_retries=0, http_client=http) as client:
        await asyncio.gather(*(call(client, 10_000 + 7 * i) for i in range(CALLS)))


asyncio.run(main())
