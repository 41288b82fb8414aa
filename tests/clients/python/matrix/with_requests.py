import os

import requests

from common import MODEL, OPENAI, USAGE, ask, check

with requests.Session() as session:
    session.headers["authorization"] = "Bearer " + os.environ["OPENAI_API_KEY"]
    url = OPENAI + "/chat/completions"
    answer = session.post(url, json={"model": MODEL, "messages": ask(10)})
    check(answer.json()["usage"]["prompt_tokens"] == 10, "a call")
    body = {"model": MODEL + "-stream-9-pace-2", "messages": ask(11), "stream": True, "stream_options": USAGE}
    with session.post(url, json=body, stream=True) as answer:
        check(any(b"[DONE]" in line for line in answer.iter_lines()), "a stream")
