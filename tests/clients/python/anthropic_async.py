"""Calls in parallel on one event loop."""
import asyncio

import anthropic

from common import CLAUDE, PROVIDER, ask, check, output_tokens


async def call(client, n):
    model = f"{CLAUDE}-stream-{n % 7 + 1}-pace-1"
    if n % 3 == 0:
        answer = await client.messages.create(model=model, max_tokens=64, messages=ask(n))
    else:
        async with client.messages.stream(model=model, max_tokens=64, messages=ask(n)) as stream:
            answer = await stream.get_final_message()
    check(answer.usage.output_tokens == output_tokens(n), f"n={n}")


async def main():
    async with anthropic.AsyncAnthropic(base_url=PROVIDER, max_retries=2) as client:
        await asyncio.gather(*(call(client, 3000 + i) for i in range(60)))


asyncio.run(main())
