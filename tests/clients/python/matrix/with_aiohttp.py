import asyncio
import os
import ssl

import aiohttp

from common import MODEL, OPENAI, USAGE, ask, check

URL = OPENAI + "/chat/completions"
HEADERS = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}


async def stream(session, n):
    body = {"model": MODEL + "-stream-9-pace-2", "messages": ask(n), "stream": True, "stream_options": USAGE}
    async with session.post(URL, json=body) as answer:
        check("[DONE]" in await answer.text(), "a stream")


async def calls():
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
        async with session.post(URL, json={"model": MODEL, "messages": ask(40)}) as answer:
            check((await answer.json())["usage"]["prompt_tokens"] == 40, "a call")
        await stream(session, 41)
        await asyncio.gather(*(stream(session, n) for n in range(42, 46)))


asyncio.run(calls())
