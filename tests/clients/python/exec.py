"""One call, then another program in this process: what its arguments say.

It gives the agent a second: of a program that is replaced within moments of its first call, the agent
may read the facts of the one that follows.
"""
import os
import sys
import time

import httpx

from common import MODEL, OPENAI, ask, check

answer = httpx.post(f"{OPENAI}/chat/completions", json={"model": MODEL, "messages": ask(31)}, timeout=30)
check(answer.json()["usage"]["prompt_tokens"] == 31, "n=31")
time.sleep(1)
os.execvp(sys.argv[1], sys.argv[1:])
