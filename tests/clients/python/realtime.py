"""Sessions over WebSockets, several turns each; prints the id and the counts of every answer."""
import asyncio
import json
import os

from websockets.asyncio.client import connect

from common import PROVIDER, check, output_tokens

SESSIONS, TURNS = 4, 5


async def turn(socket, n):
    """One answer; the caller may send audio meanwhile, which asks for nothing."""
    await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": "QUJD" * 5000}))
    await socket.send(json.dumps({"type": "response.create", "response": {"instructions": f"n={n}"}}))
    async for text in socket:
        event = json.loads(text)
        if event["type"] == "response.done":
            usage = event["response"]["usage"]
            check(usage["output_tokens"] == output_tokens(n), f"n={n}")
            print(event["response"]["id"], usage["input_tokens"], usage["output_tokens"], flush=True)
            return


async def session(number):
    url = PROVIDER.replace("https", "wss") + "/v1/realtime?model=gpt-realtime"
    key = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    async with connect(url, additional_headers=key, proxy=None) as socket:
        for index in range(TURNS):
            await turn(socket, 4000 + number * TURNS + index)


async def main():
    await asyncio.gather(*(session(number) for number in range(SESSIONS)))


asyncio.run(main())
