import OpenAI from "openai";
import { Agent, fetch as undici } from "undici";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { MODEL, OPENAI, STREAM, USAGE, ask, last } from "./calls.mjs";

async function calls(n, options = {}) {
  const client = new OpenAI({ baseURL: OPENAI, ...options });
  const create = (n, more) => client.chat.completions.create({ model: MODEL, messages: ask(n), ...more });
  assert.equal((await create(n)).usage.prompt_tokens, n);
  assert.equal((await last(await create(n + 1, { ...USAGE, model: STREAM }))).usage.prompt_tokens, n + 1);
  assert.equal((await client.responses.create({ model: MODEL, input: `n=${n + 2}` })).usage.input_tokens, n + 2);
}

await calls(30);
const dispatcher = new Agent({ connect: { ca: readFileSync(process.env.CA) }, allowH2: true });
await calls(34, { fetch: undici, fetchOptions: { dispatcher } });
