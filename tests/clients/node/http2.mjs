// Node's own HTTP/2: fifty streams at once on one session, one of them closed half-way.
import { connect, constants } from "node:http2";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";

const session = connect(process.env.PROVIDER, { ca: readFileSync(process.env.CA) });
const post = (n, words = "", more = {}) => {
  const stream = session.request({
    ":method": "POST",
    ":path": "/v1/chat/completions",
    authorization: "Bearer " + process.env.OPENAI_API_KEY,
    "content-type": "application/json",
  });
  const messages = [{ role: "user", content: `n=${n}` }];
  stream.end(JSON.stringify({ model: "gpt-4o-mini" + words, messages, ...more }));
  return stream.setEncoding("utf8");
};
const streaming = { stream: true, stream_options: { include_usage: true } };

async function answered(stream, n) {
  let text = "";
  for await (const chunk of stream) text += chunk;
  assert.match(text, new RegExp(`"prompt_tokens":${n},`));
}

async function givenUp(n) {
  const stream = post(n, "-stream-500-pace-20", streaming);
  await once(stream, "data");
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, "close");
}

const numbers = Array.from({ length: 50 }, (_, i) => 800 + i);
const calls = numbers.map((n) => answered(n % 2 ? post(n) : post(n, "-stream-9-pace-2", streaming), n));
await Promise.all([...calls, givenUp(860)]);
await answered(post(861), 861);
session.close();
