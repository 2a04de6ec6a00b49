// The verifier that a receiver would write: Node's standard library alone.
//
// usage: node verify.mjs KEY FILE.ndjson [--each]
//
// Prints how many deliveries are valid and invalid; with --each one word a line.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const names = new Set(["x-wunder-signature", "x-hook-signature"]);

function digests(line) {
  const found = new Set();
  for (let member of line.split(/[, \t\r\n]/)) {
    if (member.slice(0, 7).toLowerCase() === "sha256=") member = member.slice(7);
    if (/^[0-9a-fA-F]{64}$/.test(member)) found.add(member.toLowerCase());
  }
  return found;
}

const same = (a, b) => a.size === b.size && [...a].every((member) => b.has(member));

function valid(key, delivery) {
  const sets = [];
  for (const [name, values] of Object.entries(delivery.headers)) {
    if (!names.has(name.toLowerCase())) continue;
    for (const line of typeof values === "string" ? [values] : values) {
      if (line.trim()) sets.push(digests(line)); // blank is what proxies write for absent
    }
  }
  if (sets.length === 0 || sets[0].size === 0 || !sets.every((s) => same(s, sets[0]))) return false;
  const body = "body_base64" in delivery ? Buffer.from(delivery.body_base64, "base64") : Buffer.from(delivery.body);
  const mac = createHmac("sha256", key).update(body).digest();
  return [...sets[0]].some((claimed) => timingSafeEqual(mac, Buffer.from(claimed, "hex")));
}

const [key, path, each] = process.argv.slice(2);
const counts = { valid: 0, invalid: 0 };
const words = [];
for await (const line of createInterface({ input: createReadStream(path, { highWaterMark: 1 << 20 }), crlfDelay: Infinity })) {
  const verdict = valid(key, JSON.parse(line)) ? "valid" : "invalid";
  counts[verdict]++;
  if (each) words.push(verdict);
}
console.log(each ? words.join("\n") : `${counts.valid} valid, ${counts.invalid} invalid`);
