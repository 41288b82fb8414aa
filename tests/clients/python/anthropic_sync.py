"""Messages, streams, tools and failures, one after the other."""
import anthropic

from common import CLAUDE, CLAUDE_TOOL, PROVIDER, ask, check, expect, output_tokens

client = anthropic.Anthropic(base_url=PROVIDER, max_retries=2)


def create(n, words="", client=client, **more):
    return client.messages.create(model=CLAUDE + words, max_tokens=64, messages=ask(n), **more)


answer = create(201, stop_sequences=["END"], extra_body={"temperature": 0.5, "top_k": 5})
usage = answer.usage
check(usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens == 201, "messages")
check(usage.output_tokens == output_tokens(201), "messages")
check(create(202, "-length").stop_reason == "max_tokens", "max_tokens")
check(create(203, "-tools-2", tools=[CLAUDE_TOOL]).content[1].name == "find_flight", "tools")
create(204, "-gzip")

with client.messages.stream(model=f"{CLAUDE}-stream-30", max_tokens=64, messages=ask(211)) as stream:
    check(stream.get_final_message().usage.output_tokens == output_tokens(211), "a stream")
with client.messages.stream(model=f"{CLAUDE}-tools-2", max_tokens=64, messages=ask(212), tools=[CLAUDE_TOOL]) as stream:
    check(len(stream.get_final_message().content) == 2, "a stream with tools")
list(create(213, "-gzip-stream-8", stream=True))

check(create(221, "-fail-429-once").stop_reason == "end_turn", "a retry")
check(create(222, "-fail-529-once").stop_reason == "end_turn", "a retry")
expect(anthropic.BadRequestError, lambda: create(223, "-fail-400"))
expect(anthropic.AuthenticationError, lambda: create(224, "-fail-401"))
expect(anthropic.APIStatusError, lambda: list(create(225, "-fail-stream", stream=True)))
expect(Exception, lambda: list(create(226, "-cut", stream=True)))
create(227)
