"""usage: generate.py KEY COUNT [KIND] > FILE: deliveries of 1 KiB as NDJSON or, by kind:

invalid   one in a hundred is not valid
headers   20 headers each
answers   as `hookctl listen --save` writes them, with the handler's answer
document  one JSON document, a list
log       the record behind what a logger writes
pino      a line of pino with the request in it, the body as a string
docker    the record as the message of docker's json-file
spread    of a thousand webhooks in turn: KEY is the beginning of their keys
"""
import base64, hmac, json, random, sys

MORE = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "hooks.example.com", "X-Real-Ip": "203.0.113.7", "X-Request-Id": "9f2c4b5e-1111-2222-3333-444455556666",
        "Cf-Ray": "8f3c2a1d9e7b4f6a-FRA", "Cf-Connecting-Ip": "203.0.113.7", "Via": "1.1 vegur", "Connection": "close",
        "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def main(key, count, kind=""):
    numbers = random.Random(1)
    write, compact = sys.stdout.write, lambda value: json.dumps(value, separators=(",", ":"))
    for i in range(int(count)):
        event, of = "%032x" % numbers.getrandbits(128), i % 1000
        head = '{"id":"%s","event_type":"contact.created","org_id":"o%s","data":{"x":"' % (event, of if kind == "spread" else "")
        tail = '"},"delivered_at":"2026-05-17T14:30:01.000Z"}'
        body = (head + "y" * (1024 - len(head) - len(tail)) + tail).encode()
        signer = "wrong" if kind == "invalid" and i % 100 == 99 else key + str(of) if kind == "spread" else key
        signature = "sha256=" + hmac.digest(signer.encode(), body, "sha256").hex()
        record = {
            "received_at": "2026-05-17T14:30:01.123Z", "method": "POST", "url": "/hook",
            "headers": {"Host": ["example.com"], "Content-Type": ["application/json"], "Content-Length": ["1024"],
                        "User-Agent": ["WundertreOS-Webhooks/1.0"], "X-Wunder-Signature": [signature], "X-Hook-Signature": [signature],
                        "X-Wunder-Event": ["contact.created"], "X-Wunder-Delivery": [event]},
            "body_base64": base64.b64encode(body).decode()}
        if kind == "headers":
            record["headers"].update({name: [value] for name, value in MORE.items()})
        elif kind == "answers":
            record["answer"] = {"status": 200, "headers": {"Content-Type": ["text/plain"]}, "body_base64": "b2s=", "ms": 1.5}
        line = compact(record)
        if kind == "document":
            line = ("[" if i == 0 else ",") + line + ("]" if i == int(count) - 1 else "")
        elif kind == "log":
            line = "2026-05-17T14:30:01.123Z INFO [worker-%d] webhook received: %s" % (i % 8, line)
        elif kind == "pino":
            headers = {name.lower(): value[0] for name, value in record["headers"].items()}
            line = compact({"level": 30, "time": 1, "msg": "got", "req": {"method": "POST", "url": "/hook", "headers": headers, "body": body.decode()}})
        elif kind == "docker":
            line = compact({"log": line + "\n", "stream": "stdout", "time": "2026-05-17T14:30:01.123456789Z"})
        write(line + "\n")


main(*sys.argv[1:])
