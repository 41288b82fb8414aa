"""Streamed calls over several connections, as fast as they go, until standard input ends.

Arguments: the number of connections and, optionally, further words for the model name (`-delay-20`).
"""
import asyncio
import sys

import openai

from common import MODEL, OPENAI, USAGE, ask, check

WORKERS = int(sys.argv[1])
WORDS = "".join(sys.argv[2:])


async def worker(client, start, stopping):
    done = 0
    while not stopping.is_set():
        n = start + done
        model = f"{MODEL}-stream-20{WORDS}"
        stream = await client.chat.completions.create(model=model, messages=ask(n), stream=True, stream_options=USAGE)
        check([chunk async for chunk in stream][-1].usage.prompt_tokens == n, f"n={n}")
        done += 1
    return done


async def main():
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, lambda: sys.stdin.readline() or stopping.set())
    async with openai.AsyncOpenAI(base_url=OPENAI, max_retries=0) as client:
        print("up", flush=True)
        done = await asyncio.gather(*(worker(client, 100_000 * (i + 1), stopping) for i in range(WORKERS)))
    print(f"made {sum(done)}", flush=True)


asyncio.run(main())
