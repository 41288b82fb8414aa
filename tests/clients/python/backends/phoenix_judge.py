"""Asks a model, and has Phoenix's own judge say what the answer is worth."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from common import OPENAI, ask, check
from openai import OpenAI
from phoenix.evals.llm import LLM
from phoenix.evals.metrics import CorrectnessEvaluator

client = OpenAI(base_url=OPENAI, api_key="x", max_retries=0)
asked = ask(7)
answer = client.chat.completions.create(model="gpt-4o-bytes-77", messages=asked).choices[0].message.content

judge = LLM(provider="openai", model="gpt-4o-judge", api_key="x", base_url=OPENAI)
scores = CorrectnessEvaluator(llm=judge).evaluate({"input": asked[0]["content"], "output": answer})
check(scores[0].label == "correct", scores)
