"""A long-lived client under a test's control: one call per line of standard input.

A line holds n and, optionally, words for the model name (`7 -stream-20-pace-50`); the answer's
prompt tokens are printed when it has come. TLS is loaded with the first line, not before; the line
`load` does nothing else.
"""
import json
import os
import sys
from urllib.parse import urlsplit

print("up", flush=True)
connection = None
for line in sys.stdin:
    import http.client
    import ssl

    if line.strip() == "load":
        print("loaded", flush=True)
        continue
    n, words = (line.split() + [""])[:2]
    if connection is None:
        address = urlsplit(os.environ["PROVIDER"])
        if address.scheme == "https":
            connection = http.client.HTTPSConnection(address.netloc, context=ssl.create_default_context())
        else:
            connection = http.client.HTTPConnection(address.netloc)
    body = {
        "model": "gpt-4o-mini" + words,
        "messages": [{"role": "user", "content": f"n={n}"}],
        "stream": "-stream-" in words,
        "stream_options": {"include_usage": True},
    }
    headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    print("begun", flush=True)
    text = answer.read().decode()
    tokens = int(text.split('"prompt_tokens":')[1].split(",")[0])
    print(f"answered {tokens}", flush=True)
