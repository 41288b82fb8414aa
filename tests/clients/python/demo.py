"""A short tour of what applications do with models, for people to watch being traced."""
import time

import anthropic
import openai

from common import OPENAI, PROVIDER, TOOL, USAGE, ask

client = openai.OpenAI(base_url=OPENAI, max_retries=2)
claude = anthropic.Anthropic(base_url=PROVIDER, max_retries=2)


def show(what):
    time.sleep(0.4)
    print(f"\n--- the client: {what}", flush=True)


show("asks a question")
client.chat.completions.create(model="gpt-4o-mini-delay-120", messages=ask(812))
show("streams a long answer")
for _ in client.chat.completions.create(model="gpt-4o-stream-40-pace-20", messages=ask(2304), stream=True, stream_options=USAGE):
    pass
show("lets the model call a tool")
client.chat.completions.create(model="gpt-4o-tools-2", messages=ask(655), tools=[TOOL])
show("runs into a rate limit, and its library tries again")
client.responses.create(model="gpt-4o-fail-429-once", input="n=1200")
show("embeds a text")
client.embeddings.create(model="text-embedding-3-small", input="n=96")
show("streams from another provider")
with claude.messages.stream(model="claude-local-stream-25-pace-20", max_tokens=500, messages=ask(4096)) as stream:
    stream.until_done()
show("asks for a model that is not there")
try:
    client.chat.completions.create(model="gpt-none-fail-404", messages=ask(10))
except openai.NotFoundError:
    pass
time.sleep(0.4)
