"""An agent of langgraph over both SDKs: two turns of a conversation kept in memory, two tools each."""
import os
import sys

from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import create_react_agent

if sys.argv[1] == "openai":
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="graph-steps-2", base_url=os.environ["PROVIDER"] + "/v1")
else:
    from langchain_anthropic import ChatAnthropic

    model = ChatAnthropic(model_name="claude-graph-steps-2", base_url=os.environ["PROVIDER"])


@tool
def weather(city: str) -> str:
    """How warm it is."""
    return f"7 degrees in {city}"


agent = create_react_agent(model, [weather], checkpointer=InMemorySaver())
config = {"configurable": {"thread_id": "1"}}
for question in ["How warm is it in Bern? n=21", "Thank you. n=22"]:
    agent.invoke({"messages": [{"role": "user", "content": question}]}, config)
