"""Calls through curl with BoringSSL, built into an extension module."""
import os

from curl_cffi import requests

from common import MODEL, OPENAI, USAGE, ask, check

session = requests.Session(verify=os.environ["CA"])
headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}


def post(n, words="", **more):
    body = {"model": MODEL + words, "messages": ask(n), **more}
    return session.post(OPENAI + "/chat/completions", json=body, headers=headers)


check(post(801).json()["usage"]["prompt_tokens"] == 801, "whole")
check("[DONE]" in post(802, "-stream-20", stream=True, stream_options=USAGE).text, "stream")
check(post(803, "-fail-400").status_code == 400, "400")
for n in range(810, 820):
    session = requests.Session(verify=os.environ["CA"])
    check(post(n).json()["usage"]["prompt_tokens"] == n, "a connection of its own")
