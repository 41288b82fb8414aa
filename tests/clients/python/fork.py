"""A server that forks a child for every call: each is there for little more than its one call.

The connection is made before, and the child ends without any farewell. Prints the children's ids.
"""
import os
import ssl
import socket
import sys
from urllib.parse import urlsplit

PROVIDER = urlsplit(os.environ["PROVIDER"])
context = ssl.create_default_context()


def connect():
    plain = socket.create_connection((PROVIDER.hostname, PROVIDER.port))
    return context.wrap_socket(plain, server_hostname=PROVIDER.hostname)


def call(tls, n):
    body = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"n=%d"}]}' % n
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {PROVIDER.netloc}\r\ncontent-type: application/json\r\n"
    tls.sendall(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
    answer = b""
    while b'"total_tokens"' not in answer or not answer.endswith(b"}"):
        answer += tls.recv(16384)
    os._exit(0 if b'"prompt_tokens":%d,' % n in answer else 1)


for n in range(1, int(sys.argv[1]) + 1):
    tls = connect()
    child = os.fork()
    if child == 0:
        call(tls, n)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"call {n} failed")
    print(f"child {child}", flush=True)
    tls.close()
