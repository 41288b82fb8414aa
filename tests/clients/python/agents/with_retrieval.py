"""An agent of openai-agents that looks things up in a vector store, and a chain that does so by itself."""
import asyncio
import os

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

set_tracing_disabled(True)
client = AsyncOpenAI(base_url=os.environ["PROVIDER"] + "/v1")


async def search(query):
    await client.embeddings.create(model="vectors-1", input=query)
    found = await client.vector_stores.search(vector_store_id="vs_towns", query=query)
    return "\n".join(part.text for hit in found.data for part in hit.content)


@function_tool
async def look_up(town: str) -> str:
    """What is known of a town."""
    return await search(town)


async def main():
    model = OpenAIChatCompletionsModel(model="guide-steps-1", openai_client=client)
    guide = Agent(name="guide", instructions="You show people around.", model=model, tools=[look_up])
    await Runner.run(guide, "What is there to see? n=31")
    # Without an agent: search, then answer with what was found.
    question = "What is there to see in Bern?"
    known = await search(question)
    messages = [{"role": "system", "content": f"Answer from this:\n{known}"}, {"role": "user", "content": question}]
    await client.chat.completions.create(model="answers-1", messages=messages)


asyncio.run(main())
