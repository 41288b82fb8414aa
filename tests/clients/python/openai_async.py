"""Calls in parallel on one event loop, streams interleaved with plain answers."""
import asyncio

import openai

from common import MODEL, OPENAI, TOOL, USAGE, ask, check


async def streamed(client, n):
    model = f"{MODEL}-stream-{n % 9 + 1}-pace-1"
    stream = await client.chat.completions.create(model=model, messages=ask(n), stream=True, stream_options=USAGE)
    last = [chunk async for chunk in stream][-1]
    check(last.usage.prompt_tokens == n, "a stream")


async def plain(client, n):
    answer = await client.chat.completions.create(model=MODEL, messages=ask(n), tools=[TOOL])
    check(answer.usage.prompt_tokens == n, "chat")


async def response(client, n):
    async with client.responses.stream(model=f"{MODEL}-stream-4", input=f"n={n}") as stream:
        final = await stream.get_final_response()
    check(final.usage.input_tokens == n, "a stream of responses")


async def main():
    async with openai.AsyncOpenAI(base_url=OPENAI, max_retries=2) as client:
        kinds = (streamed, plain, response)
        await asyncio.gather(*(kinds[i % 3](client, 2000 + i) for i in range(60)))


asyncio.run(main())
