"""Calls through reqwest with rustls, built into an extension module."""
import os

from pyreqwest.client import SyncClientBuilder

from common import MODEL, OPENAI, USAGE, ask, check

with open(os.environ["CA"], "rb") as pem:
    authority = pem.read()


def client():
    return SyncClientBuilder().add_root_certificate_pem(authority).build()


def post(session, n, words="", **more):
    body = {"model": MODEL + words, "messages": ask(n), **more}
    request = session.post(OPENAI + "/chat/completions").bearer_auth(os.environ["OPENAI_API_KEY"])
    return request.body_json(body).build().send()


with client() as session:
    check(post(session, 801).json()["usage"]["prompt_tokens"] == 801, "whole")
    check("[DONE]" in post(session, 802, "-stream-20", stream=True, stream_options=USAGE).text(), "stream")
    check(post(session, 803, "-fail-400").status == 400, "400")
for n in range(810, 820):
    with client() as session:
        check(post(session, n).json()["usage"]["prompt_tokens"] == n, "a connection of its own")
