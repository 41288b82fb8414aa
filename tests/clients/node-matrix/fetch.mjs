// Node's own fetch.
import { fetched } from "./calls.mjs";

await fetched(fetch, 10);
