"""Calls through pyOpenSSL: OpenSSL, built into the extension module of cryptography."""
import json
import os
import socket
from urllib.parse import urlsplit

from OpenSSL import SSL

from common import MODEL, PROVIDER, ask, check

provider = urlsplit(PROVIDER)
context = SSL.Context(SSL.TLS_CLIENT_METHOD)
context.load_verify_locations(os.environ["CA"])
context.set_verify(SSL.VERIFY_PEER)

for n in range(821, 830):
    plain = socket.create_connection((provider.hostname, provider.port))
    connection = SSL.Connection(context, plain)
    connection.set_connect_state()
    connection.do_handshake()
    body = json.dumps({"model": MODEL, "messages": ask(n)})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {provider.netloc}\r\ncontent-type: application/json\r\n"
    connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
    answer = b""
    while b'"total_tokens"' not in answer or not answer.endswith(b"}"):
        answer += connection.recv(16384)
    check(b'"prompt_tokens":%d,' % n in answer, "the answer")
    connection.shutdown()
    plain.close()
