"""One call as soon as a line comes or standard input ends, then at once another program in this
process: what its arguments say.
"""
import os
import sys

import httpx

from common import MODEL, OPENAI, ask, check

print("loaded", flush=True)
sys.stdin.readline()
answer = httpx.post(f"{OPENAI}/chat/completions", json={"model": MODEL, "messages": ask(31)}, timeout=30)
check(answer.json()["usage"]["prompt_tokens"] == 31, "n=31")
os.execvp(sys.argv[1], sys.argv[1:])
