# Reads a body in base64 on each line and writes, for each and every setting, what Python
# makes of it: the setting, the body's number and the text in base64.
import base64
import json
import pprint
import sys

settings = {
    "json.dumps": json.dumps,
    "json.dumps, print": lambda v: json.dumps(v) + "\n",
    "json.dumps, ensure_ascii=False": lambda v: json.dumps(v, ensure_ascii=False),
    "json.dumps, separators": lambda v: json.dumps(v, separators=(",", ":")),
    "json.dumps, separators, ensure_ascii=False": lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False),
    "json.dumps, indent=2": lambda v: json.dumps(v, indent=2),
    "json.dumps, indent=4, ensure_ascii=False": lambda v: json.dumps(v, indent=4, ensure_ascii=False),
    "json.dumps, sort_keys": lambda v: json.dumps(v, sort_keys=True),
    "json.dumps, sort_keys, indent=2": lambda v: json.dumps(v, sort_keys=True, indent=2),
    "json.dumps twice": lambda v: json.dumps(json.dumps(v)),
    "str": str,
    "pprint": lambda v: pprint.pformat(v, sort_dicts=False),
}
texts = {
    "repr of the bytes": repr,
    "repr of the text": lambda raw: repr(raw.decode()),
}
try:
    import ujson
    settings["ujson.dumps"] = ujson.dumps
    settings["ujson.dumps, escape_forward_slashes=False"] = lambda v: ujson.dumps(v, escape_forward_slashes=False)
except ImportError:
    pass
try:
    import simplejson
    settings["simplejson.dumps"] = lambda v: simplejson.dumps(v)
except ImportError:
    pass

for i, line in enumerate(sys.stdin):
    raw = base64.b64decode(line)
    for name, write in settings.items():
        print(name, i, base64.b64encode(write(json.loads(raw)).encode()).decode(), sep="\t")
    for name, write in texts.items():
        print(name, i, base64.b64encode(write(raw).encode()).decode(), sep="\t")
