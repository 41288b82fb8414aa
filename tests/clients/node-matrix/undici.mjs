// The package that Node's fetch comes from, with HTTP/2 as well.
import { Agent, fetch } from "undici";
import { readFileSync } from "node:fs";
import { fetched } from "./calls.mjs";

const connect = { ca: readFileSync(process.env.CA) };
await fetched(fetch, 20, { dispatcher: new Agent({ connect, allowH2: false }) });
await fetched(fetch, 22, { dispatcher: new Agent({ connect, allowH2: true }) });
