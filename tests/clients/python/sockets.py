"""Calls without TLS, as to a model on the same host: requests, httpx, urllib, http.client and bare
sockets, whose requests leave in one write, in several, and from several buffers at once."""
import http.client
import json
import os
import socket
import urllib.request
from urllib.parse import urlsplit

import httpx
import requests

from common import MODEL, OPENAI, PROVIDER, USAGE, ask, check

CHAT = OPENAI + "/chat/completions"
ADDRESS = urlsplit(PROVIDER)
HEADERS = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}


def chat(n, words="", **more):
    return {"model": MODEL + words, "messages": ask(n), **more}


def streamed(n):
    return chat(n, "-stream-7", stream=True, stream_options=USAGE)


with requests.Session() as session:
    session.get(PROVIDER + "/v1/models")
    for n in (601, 602):
        check(session.post(CHAT, json=chat(n)).json()["usage"]["prompt_tokens"] == n, "requests")
    with session.post(CHAT, json=streamed(603), stream=True) as answer:
        check(any(b"[DONE]" in line for line in answer.iter_lines()), "requests stream")

with httpx.Client(headers=HEADERS) as client:
    check(client.post(CHAT, json=chat(611, "-gzip")).json()["usage"]["prompt_tokens"] == 611, "httpx")
    with client.stream("POST", CHAT, json=streamed(612)) as answer:
        check("[DONE]" in answer.read().decode(), "httpx stream")
    long = chat(613) | {"user": "x" * 3_000_000}
    check(client.post(CHAT, json=long).json()["usage"]["prompt_tokens"] == 613, "httpx long")

request = urllib.request.Request(CHAT, json.dumps(chat(621)).encode(), HEADERS | {"content-type": "application/json"})
with urllib.request.urlopen(request) as answer:
    check(json.load(answer)["usage"]["prompt_tokens"] == 621, "urllib")

connection = http.client.HTTPConnection(ADDRESS.netloc)
for n in (631, 632):
    connection.request("POST", "/v1/chat/completions", json.dumps(chat(n)), HEADERS)
    check(json.load(connection.getresponse())["usage"]["prompt_tokens"] == n, "http.client")
connection.close()


def head(body):
    lines = ["POST /v1/chat/completions HTTP/1.1", f"host: {ADDRESS.netloc}", f"content-length: {len(body)}"]
    return ("\r\n".join([*lines, "content-type: application/json", "", ""])).encode()


def is_whole(text):
    head, end, body = text.partition(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return end and length and len(body) == int(length[0].split(b":")[1])


def answered(connection, n):
    text = b""
    while not is_whole(text):
        # A look ahead is no read.
        ahead = connection.recv(100, socket.MSG_PEEK)
        parts = [bytearray(7), bytearray(100), bytearray(4000)]
        count = connection.recvmsg_into(parts)[0]
        read = b"".join(parts)[:count]
        check(read.startswith(ahead[:count]) and count, "sockets")
        text += read
    check(f'"prompt_tokens":{n}'.encode() in text, "bare sockets")


with socket.create_connection((ADDRESS.hostname, ADDRESS.port)) as connection:
    body = json.dumps(chat(641)).encode()
    check(connection.sendmsg([head(body), b"", body[:3], body[3:]]) == len(head(body)) + len(body), "sendmsg")
    answered(connection, 641)
    body = json.dumps(chat(642)).encode()
    os.writev(connection.fileno(), [head(body), body])
    answered(connection, 642)
    body = json.dumps(chat(643)).encode()
    for part in (head(body)[:20], head(body)[20:], body):
        os.write(connection.fileno(), part)
    answered(connection, 643)
