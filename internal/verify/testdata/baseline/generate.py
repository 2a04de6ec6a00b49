"""usage: generate.py KEY COUNT > FILE.ndjson: deliveries of 1 KiB, one in a hundred invalid."""
import base64, hmac, json, random, sys

key, count = sys.argv[1].encode(), int(sys.argv[2])
numbers = random.Random(1)
for i in range(count):
    event = "%032x" % numbers.getrandbits(128)
    head = '{"id":"%s","event_type":"contact.created","org_id":"o","data":{"x":"' % event
    tail = '"},"delivered_at":"2026-05-17T14:30:01.000Z"}'
    body = (head + "y" * (1024 - len(head) - len(tail)) + tail).encode()
    signature = "sha256=" + hmac.digest(b"wrong" if i % 100 == 99 else key, body, "sha256").hex()
    sys.stdout.write(json.dumps({
        "received_at": "2026-05-17T14:30:01.123Z", "method": "POST", "url": "/hook",
        "headers": {"Host": ["example.com"], "Content-Type": ["application/json"], "Content-Length": ["1024"],
                    "User-Agent": ["WundertreOS-Webhooks/1.0"], "X-Wunder-Signature": [signature], "X-Hook-Signature": [signature],
                    "X-Wunder-Event": ["contact.created"], "X-Wunder-Delivery": [event]},
        "body_base64": base64.b64encode(body).decode()}, separators=(",", ":")) + "\n")
