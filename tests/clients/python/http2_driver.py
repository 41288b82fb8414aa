"""One connection of HTTP/2 under a test's control: a call for each n on standard input.

Prints the id of each answer and its tokens.
"""
import os
import sys

import httpx

from common import MODEL, PROVIDER, ask

key = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
with httpx.Client(http2=True, base_url=PROVIDER, headers=key) as client:
    for line in sys.stdin:
        n = int(line)
        answer = client.post("/v1/chat/completions", json={"model": MODEL, "messages": ask(n)})
        told = answer.json()
        print(f"answered {n} {told['id']} {told['usage']['completion_tokens']}", flush=True)
