"""A call, another one on the same connection as soon as a line comes or standard input ends, then at
once another program in this process: what its arguments say.
"""
import os
import sys

import httpx

from common import MODEL, OPENAI, ask, check

client = httpx.Client(timeout=30)


def call(n):
    answer = client.post(f"{OPENAI}/chat/completions", json={"model": MODEL, "messages": ask(n)})
    check(answer.json()["usage"]["prompt_tokens"] == n, f"n={n}")


call(30)
print("called", flush=True)
sys.stdin.readline()
call(31)
os.execvp(sys.argv[1], sys.argv[1:])
