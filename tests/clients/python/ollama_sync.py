"""Ollama's own library, whole answers and streams, on one connection and on a loop."""
import asyncio

import ollama

from common import PROVIDER, ask, check

MODEL = "llama-local"


client = ollama.Client(host=PROVIDER)
check(client.chat(model=MODEL, messages=ask(951)).prompt_eval_count == 951, "chat")
last = [chunk for chunk in client.chat(model=MODEL + "-stream-20", messages=ask(952), stream=True)][-1]
check(last.done and last.prompt_eval_count == 952, "a stream")


async def streamed(client, n):
    stream = await client.chat(model=f"{MODEL}-stream-{n % 7 + 1}-pace-1", messages=ask(n), stream=True)
    last = [chunk async for chunk in stream][-1]
    check(last.prompt_eval_count == n, "a stream in parallel")


async def main():
    client = ollama.AsyncClient(host=PROVIDER)
    await asyncio.gather(*(streamed(client, n) for n in range(960, 980)))


asyncio.run(main())
