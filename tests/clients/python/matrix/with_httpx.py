import asyncio
import os
import ssl

import httpx

from common import MODEL, OPENAI, USAGE, ask, check

URL = OPENAI + "/chat/completions"
OPTIONS = {"headers": {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}, "verify": ssl.create_default_context()}


def streamed(n):
    return {"model": MODEL + "-stream-9-pace-2", "messages": ask(n), "stream": True, "stream_options": USAGE}


def calls(n, **options):
    with httpx.Client(**OPTIONS, **options) as client:
        answer = client.post(URL, json={"model": MODEL, "messages": ask(n)})
        check(answer.json()["usage"]["prompt_tokens"] == n, "a call")
        with client.stream("POST", URL, json=streamed(n + 1)) as answer:
            check("[DONE]" in answer.read().decode(), "a stream")


async def at_once(n, **options):
    async with httpx.AsyncClient(**OPTIONS, **options) as client:
        await asyncio.gather(*(client.post(URL, json=streamed(n)) for n in range(n, n + 4)))


calls(20)
calls(22, http2=True)
asyncio.run(at_once(24))
asyncio.run(at_once(28, http2=True))
