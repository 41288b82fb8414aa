// Messages through the Node library; TLS is Node's own.
import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";

const client = new Anthropic({ baseURL: process.env.PROVIDER, maxRetries: 2 });
const body = (n, words = "") => ({
  model: "claude-local-1" + words,
  max_tokens: 64,
  messages: [{ role: "user", content: `n=${n}` }],
});

assert.equal((await client.messages.create(body(601))).usage.output_tokens, 602);
assert.equal((await client.messages.stream(body(602, "-stream-20")).finalMessage()).usage.output_tokens, 603);
assert.equal((await client.messages.create(body(603, "-tools-2"))).content.length, 2);
assert.equal((await client.messages.create(body(604, "-fail-529-once"))).stop_reason, "end_turn");
await assert.rejects(client.messages.create(body(605, "-fail-401")), Anthropic.AuthenticationError);
const numbers = Array.from({ length: 20 }, (_, i) => 620 + i);
await Promise.all(numbers.map((n) => client.messages.stream(body(n, `-stream-${(n % 4) + 1}`)).finalMessage()));
