"""Calls of given sizes on one connection, each request in one write.

Arguments: how many other exchanges come first; then `N:REQUEST:RESPONSE`, the number in the prompt
and the bytes of text each way.
"""
import http.client
import json
import os
import ssl
import sys
import time
from urllib.parse import urlsplit

connection = http.client.HTTPSConnection(urlsplit(os.environ["PROVIDER"]).netloc, context=ssl.create_default_context())
connection.connect()
for _ in range(int(sys.argv[1])):
    connection.request("GET", "/bulk/20000")
    connection.getresponse().read()
for word in sys.argv[2:]:
    n, asked, answered = (int(number) for number in word.split(":"))
    content = f"n={n} " + "x" * asked
    # The model behind the prompt, as some libraries write it.
    body = {"messages": [{"role": "user", "content": content}], "model": f"gpt-4o-mini-bytes-{answered}"}
    body = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {connection.host}:{connection.port}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sock.sendall(head.encode() + body)
    answer = http.client.HTTPResponse(connection.sock, method="POST")
    answer.begin()
    usage = json.loads(answer.read())["usage"]
    if usage["prompt_tokens"] != n:
        raise SystemExit(f"a wrong answer to n={n}")
    # What follows finds the connection known: models take longer to answer than the agent to judge.
    time.sleep(1)
