import importlib.util
import os

# On Python 3.8 it does not find the tokenizers that it comes with, and would fetch them.
folder = importlib.util.find_spec("litellm").submodule_search_locations[0]
os.environ["CUSTOM_TIKTOKEN_CACHE_DIR"] = os.path.join(folder, "litellm_core_utils/tokenizers")

import litellm

from common import CLAUDE, MODEL, OPENAI, PROVIDER, ask, check

litellm.telemetry = False
options = {"api_base": OPENAI, "api_key": "local"}
answer = litellm.completion(model="openai/" + MODEL, messages=ask(60), **options)
check(answer.usage.prompt_tokens == 60, "a call")
chunks = litellm.completion(model=f"openai/{MODEL}-stream-9-pace-2", messages=ask(61), stream=True, **options)
check(len(list(chunks)) > 5, "a stream")
options = {"api_base": PROVIDER, "api_key": "local", "max_tokens": 64}
answer = litellm.completion(model="anthropic/" + CLAUDE, messages=ask(62), **options)
check(answer.choices[0].finish_reason == "stop", "a message")
