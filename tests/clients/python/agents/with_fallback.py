"""Questions at once to a provider that is out of service, each then to another one, by langchain."""
import asyncio
import os
import sys

from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

CALLS, CONNECTIONS = (int(word) for word in sys.argv[1:3])

first = ChatOpenAI(model="first-fail-503", base_url=os.environ["PROVIDER"] + "/v1", max_retries=1)
second = ChatAnthropic(model_name="claude-second", base_url=os.environ["FALLBACK"], max_retries=0)
model = first.with_fallbacks([second])


async def main():
    questions = [f"How warm is it in town {n}? n={n}" for n in range(20_000, 20_000 + CALLS)]
    answers = await model.abatch(questions, config={"max_concurrency": CONNECTIONS})
    if any(not answer.text for answer in answers):
        raise SystemExit("a question was not answered")


asyncio.run(main())
