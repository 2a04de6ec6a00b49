// Reads a body in base64 on each line and writes, for each and every setting, what Node
// makes of it: the setting, the body's number and the text in base64.
import { inspect } from "node:util";
import { parse } from "node:querystring";
import { readFileSync } from "node:fs";

const sorted = (v) =>
  Array.isArray(v) ? v.map(sorted)
    : v && typeof v === "object" ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sorted(v[k])])) : v;
const dates = (_, v) =>
  typeof v === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/.test(v) ? new Date(v) : v;

const settings = {
  "JSON.stringify": (v) => JSON.stringify(v),
  "JSON.stringify, console.log": (v) => JSON.stringify(v) + "\n",
  "JSON.stringify, 2": (v) => JSON.stringify(v, null, 2),
  "JSON.stringify, 4": (v) => JSON.stringify(v, null, 4),
  "JSON.stringify, tab": (v) => JSON.stringify(v, null, "\t"),
  "JSON.stringify, sorted": (v) => JSON.stringify(sorted(v)),
  "JSON.stringify, Date": (v) => JSON.stringify(JSON.parse(JSON.stringify(v), dates)),
  "JSON.stringify twice": (v) => JSON.stringify(JSON.stringify(v)),
  "JSON.stringify of the text": (_, text) => JSON.stringify(text),
  "JSON.stringify of a Buffer": (_, text) => JSON.stringify(Buffer.from(text)),
  "console.log": (v) => inspect(v) + "\n",
  "util.inspect, depth null": (v) => inspect(v, { depth: null }),
  "String": (v) => String(v),
  "express.urlencoded": (_, text) => JSON.stringify(parse(text)),
  "express without a parser": () => JSON.stringify({}),
};

readFileSync(0, "utf8").split("\n").filter(Boolean).forEach((line, i) => {
  const text = Buffer.from(line, "base64").toString();
  for (const [name, write] of Object.entries(settings)) {
    console.log(`${name}\t${i}\t${Buffer.from(write(JSON.parse(text), text)).toString("base64")}`);
  }
});
