// Streamed calls over several connections, as fast as they go, until standard input ends.
import OpenAI from "openai";
import assert from "node:assert/strict";

const client = new OpenAI({ baseURL: process.env.PROVIDER + "/v1", maxRetries: 0 });
let stopping = false;
process.stdin.on("end", () => (stopping = true)).resume();

async function worker(start) {
  let done = 0;
  while (!stopping) {
    const n = start + done;
    const stream = await client.chat.completions.create({
      model: "gpt-4o-mini-stream-20",
      messages: [{ role: "user", content: `n=${n}` }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let last;
    for await (const chunk of stream) last = chunk;
    assert.equal(last.usage.prompt_tokens, n);
    done += 1;
  }
  return done;
}

console.log("up");
const workers = Array.from({ length: Number(process.argv[2]) }, (_, i) => worker(100_000 * (i + 1)));
console.log(`made ${(await Promise.all(workers)).reduce((sum, done) => sum + done, 0)}`);
