"""Every OpenAI API and every way to fail, one after the other, on kept-alive connections."""
import openai

from common import MODEL, OPENAI, TOOL, USAGE, ask, check, expect, output_tokens

client = openai.OpenAI(base_url=OPENAI, max_retries=2)
chat = client.chat.completions

answer = chat.create(model=MODEL, messages=ask(101), temperature=0.25, max_tokens=64, seed=7)
check(answer.usage.prompt_tokens == 101 and answer.usage.completion_tokens == output_tokens(101), "chat")
check(len(chat.create(model=MODEL, messages=ask(102), n=3).choices) == 3, "three choices")
check(chat.create(model=f"{MODEL}-length", messages=ask(103)).choices[0].finish_reason == "length", "length")
calls = chat.create(model=f"{MODEL}-tools-2", messages=ask(104), tools=[TOOL]).choices[0].message.tool_calls
check([call.function.name for call in calls] == ["find_flight"] * 2, "tools")

chunks = list(chat.create(model=f"{MODEL}-stream-7", messages=ask(111), stream=True))
check(all(chunk.usage is None for chunk in chunks), "a stream without usage")
chunks = list(chat.create(model=f"{MODEL}-stream-40", messages=ask(112), stream=True, stream_options=USAGE))
check(chunks[-1].usage.prompt_tokens == 112, "a stream with usage")
list(chat.create(model=f"{MODEL}-tools-3", messages=ask(113), tools=[TOOL], stream=True, stream_options=USAGE))
list(chat.create(model=f"{MODEL}-stream-3-pace-5", messages=ask(114), n=2, stream=True, stream_options=USAGE))

chat.create(model=f"{MODEL}-gzip", messages=ask(121))
list(chat.create(model=f"{MODEL}-gzip-stream-9", messages=ask(122), stream=True, stream_options=USAGE))
chat.create(model=f"{MODEL}-split-5", messages=ask(123))
chat.create(model=f"{MODEL}-bytes-300000", messages=ask(124))

client.completions.create(model="gpt-3.5-turbo-instruct", prompt="n=131")
list(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="n=132", stream=True))
list(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="n=133", stream=True, stream_options=USAGE))
client.embeddings.create(model="text-embedding-3-small", input="n=134", dimensions=3)

check(client.responses.create(model=MODEL, input="n=141").usage.input_tokens == 141, "responses")
with client.responses.stream(model=f"{MODEL}-stream-6", input="n=142") as stream:
    check(stream.get_final_response().usage.input_tokens == 142, "a stream of responses")
client.responses.create(model=f"{MODEL}-tools-1", input="n=143")
with client.responses.stream(model=f"{MODEL}-tools-2", input="n=144") as stream:
    stream.until_done()

check(chat.create(model=f"{MODEL}-fail-429-once", messages=ask(151)).usage.prompt_tokens == 151, "a retry")
patient = client.with_options(max_retries=0)
expect(openai.RateLimitError, lambda: patient.chat.completions.create(model=f"{MODEL}-fail-429", messages=ask(152)))
expect(openai.BadRequestError, lambda: chat.create(model=f"{MODEL}-fail-400", messages=ask(153)))
expect(openai.AuthenticationError, lambda: chat.create(model=f"{MODEL}-fail-401", messages=ask(154)))
expect(openai.NotFoundError, lambda: client.embeddings.create(model="fail-404", input="n=155"))
expect(openai.InternalServerError, lambda: patient.responses.create(model="fail-500", input="n=156"))
expect(openai.APIError, lambda: list(chat.create(model=f"{MODEL}-fail-stream", messages=ask(157), stream=True)))
list(client.responses.create(model=f"{MODEL}-fail-stream", input="n=158", stream=True))
expect(openai.APIConnectionError, lambda: list(chat.create(model=f"{MODEL}-cut", messages=ask(159), stream=True)))

client.models.list()
chat.create(model=MODEL, messages=ask(160))
