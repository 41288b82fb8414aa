"""One slow stream with a caller's trace context; prints when it began and ended by its own clock."""
import ssl
import time

import httpx

from common import MODEL, OPENAI, USAGE, ask

HEADERS = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "vendor=t61rcWkgMzE, other@tenant=1",
}
body = {"model": f"{MODEL}-delay-200-stream-11-pace-30", "messages": ask(77), "stream": True, "stream_options": USAGE}
with httpx.Client(headers=HEADERS, verify=ssl.create_default_context()) as client:
    client.get(f"{OPENAI}/models")
    begun = time.time_ns()
    client.post(f"{OPENAI}/chat/completions", json=body)
    print(f"{begun} {time.time_ns()}", flush=True)
