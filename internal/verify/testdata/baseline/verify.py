"""The verifier that a receiver would write: Python's standard library alone.

usage: verify.py KEY FILE.ndjson [--each]

Prints how many deliveries are valid and invalid; with --each one word a line.
"""
import base64, hmac, json, re, sys

NAMES = {"x-wunder-signature", "x-hook-signature"}
DIGEST = re.compile("[0-9a-fA-F]{64}")


def digests(line):
    members = (m[7:] if m[:7].lower() == "sha256=" else m for m in re.split("[, \t\r\n]", line))
    return {m.lower() for m in members if DIGEST.fullmatch(m)}


def valid(key, delivery):
    lines = []
    for name, values in delivery["headers"].items():
        if name.lower() in NAMES and name.isascii():
            lines += [values] if isinstance(values, str) else values
    sets = [digests(line) for line in lines if line.strip()]  # blank is what proxies write for absent
    if not sets or not sets[0] or any(s != sets[0] for s in sets):
        return False
    if "body_base64" in delivery:
        body = base64.b64decode(delivery["body_base64"])
    else:
        body = delivery["body"].encode()
    mac = hmac.digest(key, body, "sha256").hex()
    return any(hmac.compare_digest(mac, claimed) for claimed in sets[0])


def main(key, path, each=""):
    counts = [0, 0]
    with open(path, "rb") as lines:
        for line in lines:
            ok = valid(key.encode(), json.loads(line))
            counts[ok] += 1
            if each:
                print("valid" if ok else "invalid")
    if not each:
        print(f"{counts[1]} valid, {counts[0]} invalid")


main(*sys.argv[1:])
