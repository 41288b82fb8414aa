import anthropic

from common import CLAUDE, PROVIDER, ask, check, output_tokens


def calls(n, **options):
    client = anthropic.Anthropic(base_url=PROVIDER, **options)
    answer = client.messages.create(model=CLAUDE, max_tokens=64, messages=ask(n))
    check(answer.usage.output_tokens == output_tokens(n), "a call")
    with client.messages.stream(model=CLAUDE + "-stream-9-pace-2", max_tokens=64, messages=ask(n + 1)) as stream:
        check(stream.get_final_message().usage.output_tokens == output_tokens(n + 1), "a stream")


calls(70)
calls(72, http_client=anthropic.DefaultHttpxClient(http2=True))
