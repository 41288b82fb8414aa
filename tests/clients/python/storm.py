"""Calls at once to a provider that fails most of them at first: the client tries again by itself."""
import asyncio
import sys

import httpx
import openai

from common import OPENAI, USAGE, ask, check

CALLS, CONNECTIONS, RETRIES = (int(word) for word in sys.argv[1:4])
MODELS = ["storm-ok", "storm-fail-429-once", "storm-fail-503-times-3", "storm-fail-500-times-2", "storm-fail-429-times-9"]


async def call(client, n):
    model = MODELS[n % len(MODELS)]
    try:
        if n % 2:
            answer = await client.chat.completions.create(model=model, messages=ask(n))
            usage = answer.usage
        else:
            stream = await client.chat.completions.create(
                model=model, messages=ask(n), stream=True, stream_options=USAGE
            )
            usage = [chunk async for chunk in stream][-1].usage
    except openai.RateLimitError:
        check(model.endswith("9"), f"{model} is given up")
        return
    check(usage.prompt_tokens == n, f"n={n}")


async def main():
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    http = httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(120))
    async with openai.AsyncOpenAI(base_url=OPENAI, max_retries=RETRIES, http_client=http) as client:
        await asyncio.gather(*(call(client, 10_000 + i) for i in range(CALLS)))


asyncio.run(main())
