// Every OpenAI API through the Node library; TLS is Node's own.
import OpenAI from "openai";
import assert from "node:assert/strict";

const client = new OpenAI({ baseURL: process.env.PROVIDER + "/v1", maxRetries: 2 });
const ask = (n) => [{ role: "user", content: `n=${n}` }];
const create = (n, words = "", more = {}) =>
  client.chat.completions.create({ model: "gpt-4o-mini" + words, messages: ask(n), ...more });
const streaming = { stream: true, stream_options: { include_usage: true } };

async function drained(stream) {
  let last;
  for await (const chunk of stream) last = chunk;
  return last;
}

assert.equal((await create(501)).usage.prompt_tokens, 501);
assert.equal((await drained(await create(502, "-stream-25", streaming))).usage.prompt_tokens, 502);
assert.equal((await create(503, "-tools-2")).choices[0].message.tool_calls.length, 2);
assert.equal((await create(504, "-fail-429-once")).usage.prompt_tokens, 504);
assert.equal((await create(505, "-gzip")).usage.prompt_tokens, 505);
await assert.rejects(create(506, "-fail-400"), OpenAI.BadRequestError);
await client.embeddings.create({ model: "text-embedding-3-small", input: "n=507" });
assert.equal((await client.responses.create({ model: "gpt-4o-mini", input: "n=508" })).usage.input_tokens, 508);
const events = await drained(await client.responses.create({ model: "gpt-4o-mini-stream-6", input: "n=509", stream: true }));
assert.equal(events.response.usage.input_tokens, 509);
const numbers = Array.from({ length: 30 }, (_, i) => 520 + i);
await Promise.all(numbers.map(async (n) => drained(await create(n, `-stream-${(n % 5) + 1}-pace-1`, streaming))));
