#!/bin/sh
# usage: measure.sh HOOKCTL [ROUNDS]
#
# Times hookctl verify, Python and Node on the same deliveries, and hookctl and
# openssl on the same 2 GiB, in turn, and prints the best of the rounds: seconds
# of wall time and of processor time, and the largest resident size in KiB.
# Compare within one run: the machine is never the same twice.
set -eu
hookctl=$1 rounds=${2:-3}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
HOOKCTL_CONFIG_DIR=$work/config KEY=8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d
export HOOKCTL_CONFIG_DIR KEY
python3 "$here/generate.py" "$KEY" 200000 > "$work/deliveries.ndjson"

time_of() { # NAME COMMAND...: appends to $work/NAME
  name=$1; shift
  python3 - "$@" >> "$work/$name" <<'PY'
import resource, subprocess, sys, time
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.monotonic() - start
after = resource.getrusage(resource.RUSAGE_CHILDREN)
if code not in (0, 3):
    sys.exit(f"{sys.argv[1:]} exited {code}")
print(f"{wall:.3f} {after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:.3f} {after.ru_maxrss}")
PY
}

for _ in $(seq "$rounds"); do
  time_of ndjson-hookctl "$hookctl" verify "$work/deliveries.ndjson" --provider wundertreos --secret-env KEY -o ndjson
  time_of ndjson-python python3 "$here/verify.py" "$KEY" "$work/deliveries.ndjson"
  ! command -v node > /dev/null || time_of ndjson-node node "$here/verify.mjs" "$KEY" "$work/deliveries.ndjson"
done
rm "$work/deliveries.ndjson"
if command -v openssl > /dev/null; then
  head -c 2147483648 /dev/zero > "$work/raw"
  signature=$(openssl dgst -sha256 -hmac "$KEY" "$work/raw" | sed 's/.* //')
  for _ in $(seq "$rounds"); do
    time_of raw-hookctl "$hookctl" verify "$work/raw" --format raw --provider wundertreos --secret-env KEY --signature "$signature"
    time_of raw-openssl openssl dgst -sha256 -hmac "$KEY" "$work/raw"
  done
fi
for result in "$work"/ndjson-* "$work"/raw-*; do
  printf '%-16s wall %s s, cpu %s s, %s KiB\n' "$(basename "$result")" $(sort -n "$result" | head -n 1)
done
