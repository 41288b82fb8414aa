// What the clients share: where the provider is, and the questions they ask.
import assert from "node:assert/strict";

export const PROVIDER = process.env.PROVIDER;
export const OPENAI = PROVIDER + "/v1";
export const CHAT = OPENAI + "/chat/completions";
export const MODEL = "gpt-4o-mini";
export const STREAM = `${MODEL}-stream-9-pace-2`;
export const CLAUDE = "claude-local-1";
export const USAGE = { stream: true, stream_options: { include_usage: true } };

export const ask = (n) => [{ role: "user", content: `n=${n}` }];

export async function last(stream) {
  let chunk;
  for await (const next of stream) chunk = next;
  return chunk;
}

// A call and a stream through a function like fetch.
export async function fetched(fetch, n, options = {}) {
  const headers = { "content-type": "application/json", authorization: "Bearer " + process.env.OPENAI_API_KEY };
  const post = (body) => fetch(CHAT, { method: "POST", headers, body: JSON.stringify(body), ...options });
  const answer = await (await post({ model: MODEL, messages: ask(n) })).json();
  assert.equal(answer.usage.prompt_tokens, n);
  const text = await (await post({ model: STREAM, messages: ask(n + 1), ...USAGE })).text();
  assert.match(text, /\[DONE\]/);
}
