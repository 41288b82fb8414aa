"""What the clients share: where the provider is, and the questions they ask."""
import os

PROVIDER = os.environ["PROVIDER"]
OPENAI = PROVIDER + "/v1"
MODEL = "gpt-4o-mini"
CLAUDE = "claude-local-1"
TOOL = {"type": "function", "function": {"name": "find_flight", "parameters": {"type": "object", "properties": {}}}}
CLAUDE_TOOL = {"name": "find_flight", "input_schema": {"type": "object", "properties": {}}}
USAGE = {"include_usage": True}


def ask(n):
    """A conversation whose answer's token counts follow from n."""
    secret = os.environ.get("PLANTED", "")
    return [{"role": "user", "content": f"What is the weather? n={n} {secret}"}]


def output_tokens(n):
    return n % 977 + 1


def check(condition, what):
    if not condition:
        raise SystemExit(f"the client got a wrong answer: {what}")


def expect(error, call):
    """Calls and asserts that it fails as asked."""
    try:
        call()
    except error:
        return
    raise SystemExit(f"{error.__name__} was expected and did not come")
