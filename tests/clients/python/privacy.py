"""Plants secrets wherever a request can carry one. PLANTED stands in every place."""
import os
import ssl

import anthropic
import httpx
import openai

from common import CLAUDE, MODEL, OPENAI, PROVIDER, USAGE, ask

SECRET = os.environ["PLANTED"]
HEADERS = {"cookie": f"session={SECRET}", "x-internal-token": SECRET, "user": SECRET}
TOOL = {
    "type": "function",
    "function": {"name": "find_flight", "description": SECRET, "parameters": {"type": "object", "properties": {SECRET: {}}}},
}
CLAUDE_TOOL = {"name": "find_flight", "description": SECRET, "input_schema": {"type": "object"}}

client = openai.OpenAI(base_url=OPENAI, api_key=SECRET, default_headers=HEADERS, default_query={"api-key": SECRET}, max_retries=0)
history = [
    {"role": "system", "content": SECRET},
    *ask(1),
    {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": SECRET}}]},
    {"role": "tool", "tool_call_id": "a", "content": SECRET},
]
for words in ("", "-tools-2", "-gzip", "-fail-400", "-fail-401", "-fail-429"):
    try:
        client.chat.completions.create(model=MODEL + words, messages=history, tools=[TOOL], user=SECRET, metadata={"k": SECRET})
    except openai.APIStatusError:
        pass
for words in ("-stream-9", "-tools-2", "-fail-stream", "-cut"):
    try:
        list(client.chat.completions.create(model=MODEL + words, messages=history, stream=True, stream_options=USAGE, tools=[TOOL]))
    except openai.APIError:
        pass
client.completions.create(model="gpt-3.5-turbo-instruct", prompt=SECRET)
client.embeddings.create(model="text-embedding-3-small", input=[SECRET])
client.responses.create(model=MODEL, input=SECRET, instructions=SECRET)
with client.responses.stream(model=f"{MODEL}-tools-1", input=SECRET) as stream:
    stream.until_done()

claude = anthropic.Anthropic(base_url=PROVIDER, api_key=SECRET, default_headers=HEADERS, max_retries=0)
for words in ("", "-tools-1", "-fail-400"):
    try:
        claude.messages.create(model=CLAUDE + words, max_tokens=9, system=SECRET, messages=ask(2), tools=[CLAUDE_TOOL], metadata={"user_id": SECRET})
    except anthropic.APIStatusError:
        pass
try:
    list(claude.messages.create(model=f"{CLAUDE}-fail-stream", max_tokens=9, messages=ask(3), stream=True))
except anthropic.APIStatusError:
    pass

# Credentials where they do not belong: in the URL itself, and in a body that is no JSON.
with httpx.Client(verify=ssl.create_default_context()) as plain:
    plain.post(f"{OPENAI}/chat/completions?key={SECRET}&token={SECRET}", json={"model": MODEL, "messages": ask(4)})
    plain.post(f"{OPENAI}/chat/completions", content=f"not json {SECRET}")
    plain.post(f"{PROVIDER}/{SECRET}/chat/completions", json={"model": MODEL, "messages": ask(5)})
