// Requests of equal length at once, each on a connection of its own; TLS is Node's own.
import { request } from "node:https";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";

const ca = readFileSync(process.env.CA);

async function call(n) {
  const body = JSON.stringify({ model: "gpt-4o-mini-delay-20", messages: [{ role: "user", content: `n=${n}` }] });
  const headers = { "content-type": "application/json", "content-length": body.length };
  const asked = request(process.env.PROVIDER + "/v1/chat/completions", { method: "POST", agent: false, ca, headers });
  asked.end(body);
  const [answer] = await once(asked, "response");
  let text = "";
  for await (const piece of answer.setEncoding("utf8")) text += piece;
  assert.match(text, new RegExp(`"prompt_tokens":${n},`));
}

await call(1000);
await Promise.all(Array.from({ length: 50 }, (_, i) => call(1100 + i)));
