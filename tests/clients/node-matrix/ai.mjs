import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
import { Agent, fetch as undici } from "undici";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { MODEL, OPENAI, STREAM } from "./calls.mjs";

async function calls(n, options = {}) {
  const openai = createOpenAI({ baseURL: OPENAI, apiKey: process.env.OPENAI_API_KEY, ...options });
  const answer = await generateText({ model: openai.chat(MODEL), prompt: `n=${n}` });
  assert.equal(answer.usage.inputTokens, n);
  const stream = streamText({ model: openai.chat(STREAM), prompt: `n=${n + 1}` });
  assert.match(await stream.text, /word/);
  assert.equal((await generateText({ model: openai(MODEL), prompt: `n=${n + 2}` })).usage.inputTokens, n + 2);
}

await calls(50);
const dispatcher = new Agent({ connect: { ca: readFileSync(process.env.CA) }, allowH2: true });
await calls(54, { fetch: (url, request) => undici(url, { ...request, dispatcher }) });
