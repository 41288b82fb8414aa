"""Calls over gRPC by xAI's own client, whose TLS is BoringSSL inside grpcio."""
import os
from urllib.parse import urlsplit

os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = os.environ["CA"]
os.environ["XAI_SDK_DISABLE_TRACING"] = "1"

import grpc
from xai_sdk import Client
from xai_sdk.chat import user

from common import check

MODEL = "grok-local-1"
host = urlsplit(os.environ["PROVIDER"]).netloc


def chat(client, n, words=""):
    return client.chat.create(model=MODEL + words, messages=[user(f"n={n} what is it")])


client = Client(api_key=os.environ["OPENAI_API_KEY"], api_host=host)
check(chat(client, 801).sample().usage.prompt_tokens == 801, "whole")
response = None
for response, chunk in chat(client, 802, "-stream-20").stream():
    pass
check(response.usage.prompt_tokens == 802, "stream")
try:
    chat(client, 803, "-fail-400").sample()
    check(False, "400")
except grpc.RpcError as error:
    check(error.code() == grpc.StatusCode.INVALID_ARGUMENT, "400")
for n in range(810, 816):
    client = Client(api_key=os.environ["OPENAI_API_KEY"], api_host=host)
    check(chat(client, n).sample().usage.prompt_tokens == n, "a channel of its own")
    client.close()
