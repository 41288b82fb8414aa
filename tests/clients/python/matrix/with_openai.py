import asyncio

import openai

from common import MODEL, OPENAI, USAGE, ask, check

STREAM = MODEL + "-stream-9-pace-2"


def calls(n, **options):
    client = openai.OpenAI(base_url=OPENAI, **options)
    answer = client.chat.completions.create(model=MODEL, messages=ask(n))
    check(answer.usage.prompt_tokens == n, "a call")
    chunks = list(client.chat.completions.create(model=STREAM, messages=ask(n + 1), stream=True, stream_options=USAGE))
    check(chunks[-1].usage.prompt_tokens == n + 1, "a stream")
    check(client.responses.create(model=MODEL, input=f"n={n + 2}").usage.input_tokens == n + 2, "a response")


async def at_once(n, **options):
    client = openai.AsyncOpenAI(base_url=OPENAI, **options)

    async def stream(n):
        chunks = await client.chat.completions.create(model=STREAM, messages=ask(n), stream=True, stream_options=USAGE)
        async for _ in chunks:
            pass

    await asyncio.gather(*(stream(n) for n in range(n, n + 4)))


calls(50)
calls(54, http_client=openai.DefaultHttpxClient(http2=True))
asyncio.run(at_once(58))
