import Anthropic from "@anthropic-ai/sdk";
import { Agent, fetch as undici } from "undici";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { CLAUDE, PROVIDER, ask } from "./calls.mjs";

async function calls(n, options = {}) {
  const client = new Anthropic({ baseURL: PROVIDER, ...options });
  const request = (n) => ({ model: CLAUDE, max_tokens: 64, messages: ask(n) });
  assert.equal((await client.messages.create(request(n))).stop_reason, "end_turn");
  assert.equal((await client.messages.stream(request(n + 1)).finalMessage()).stop_reason, "end_turn");
}

await calls(40);
const dispatcher = new Agent({ connect: { ca: readFileSync(process.env.CA) }, allowH2: true });
await calls(42, { fetch: undici, fetchOptions: { dispatcher } });
