// A driver (`tests/clients/drivers`) by the library that the first argument names; for Node, Bun and Deno.
import { createInterface } from "node:readline";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import assert from "node:assert/strict";
import process from "node:process";

const PROVIDER = process.env.PROVIDER;
const CHAT = PROVIDER + "/v1/chat/completions";
const ask = (n) => [{ role: "user", content: `n=${n}` }];
const streams = (words) => words.includes("-stream-");
const chat = (n, words) => ({
  model: "gpt-4o-mini" + words,
  messages: ask(n),
  ...(streams(words) ? { stream: true, stream_options: { include_usage: true } } : {}),
});

const LIBRARIES = {
  async fetch() {
    const headers = { "content-type": "application/json", authorization: "Bearer " + process.env.OPENAI_API_KEY };
    return async (n, words) => {
      const answer = await fetch(CHAT, { method: "POST", headers, body: JSON.stringify(chat(n, words)) });
      assert.ok((await answer.text()).includes(`"prompt_tokens":${n},`), `n=${n}`);
    };
  },
  async openai() {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ baseURL: PROVIDER + "/v1", maxRetries: 0 });
    return async (n, words) => {
      const answer = await client.chat.completions.create(chat(n, words));
      let last = answer;
      if (streams(words)) for await (const chunk of answer) last = chunk;
      assert.equal(last.usage.prompt_tokens, n);
    };
  },
  async anthropic() {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const client = new Anthropic({ baseURL: PROVIDER, maxRetries: 0 });
    return async (n, words) => {
      const request = { model: "claude-local-1" + words, max_tokens: 64, messages: ask(n) };
      const { messages } = client;
      const answer = streams(words) ? messages.stream(request).finalMessage() : messages.create(request);
      assert.equal((await answer).usage.output_tokens, (n % 977) + 1);
    };
  },
};

async function load(call, seconds, pause = 0) {
  let made = 0, busy = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const begun = performance.now();
    await call(1000 + (made % 1000), "");
    busy += performance.now() - begun;
    made += 1;
    if (pause) await setTimeout(pause);
  }
  console.log(`made ${made} ${Math.round(busy * 1000)}`);
}

const call = await LIBRARIES[process.argv[2]]();
console.log("up");
for await (const line of createInterface({ input: process.stdin })) {
  const [first, ...words] = line.split(" ");
  if (first === "load") {
    await load(call, ...words.map(Number));
  } else {
    await call(Number(first), words.join(""));
    console.log(`answered ${first}`);
  }
}
// What is kept open for later calls would keep it here.
process.exit(0);
