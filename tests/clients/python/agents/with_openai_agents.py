"""Agents of openai-agents: two turns of one session, an agent as a tool of another, a retry."""
import asyncio
import os
import sys

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

set_tracing_disabled(True)
client = AsyncOpenAI(base_url=os.environ["PROVIDER"] + "/v1", max_retries=2)
MODELS = {"chat": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}


def model(name):
    return MODELS[sys.argv[1]](model=name, openai_client=client)


@function_tool
async def weather(city: str) -> str:
    """How warm it is."""
    await asyncio.sleep(0.3)
    return f"7 degrees in {city}"


async def main():
    scout = Agent(name="scout", instructions="You look things up.", model=model("scout-steps-1"), tools=[weather])
    guide = Agent(
        name="guide",
        instructions="You show people around.",
        model=model("guide-steps-1"),
        tools=[scout.as_tool(tool_name="ask_scout", tool_description="Asks the scout.")],
    )
    session = SQLiteSession("one")
    await Runner.run(scout, "How warm is it in Bern? n=11", session=session)
    await Runner.run(scout, "And in Basel? n=12", session=session)
    await Runner.run(guide, "What shall I wear? n=13")
    retried = Agent(name="retried", model=model("retried-fail-429-once"), model_settings=ModelSettings())
    await Runner.run(retried, "Once more? n=14")


asyncio.run(main())
