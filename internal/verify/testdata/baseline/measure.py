"""usage: measure.py HOOKCTL [ROUNDS]

Times hookctl and its peers in turn, and prints the best of the rounds as the tables of
docs/performance.md. Compare within one run: no machine is the same twice. Run it on one
that does nothing else; Node, openssl and Go are left out where they are not installed.
"""
import os, pathlib, resource, shutil, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
KEY = "8f3c2a1d9e7b4f6a5c2d1e0f3a4b5c6d"
hookctl, rounds = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or ["5"])[0])
work = pathlib.Path(tempfile.mkdtemp())
env = dict(os.environ, KEY=KEY, HOOKCTL_CONFIG_DIR=str(work / "config"))


def once(command, where):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = subprocess.call(list(map(str, command)), env=where, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code not in (0, 3):
        sys.exit(f"{command} exited {code}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def best(commands, n=rounds, where=env):
    """The least wall and processor time of each command, measured in turn."""
    all = {name: [] for name in commands}
    for _ in range(n):
        for name, c in commands.items():
            all[name].append(once(c, where=where))
    return {name: (min(w for w, _ in runs), min(c for _, c in runs)) for name, runs in all.items()}


def generate(kind, count, key=KEY):
    path = work / (kind or "valid")
    with open(path, "wb") as out:
        subprocess.check_call([sys.executable, HERE / "generate.py", key, str(count), kind], stdout=out)
    return path


def verify(path, *more):
    return [hookctl, "verify", path, "--provider", "wundertreos", "--secret-env", "KEY", "-o", "ndjson", *more]


def throughput():
    print("\n| Deliveries of 1 KiB | hookctl, a second | Processor time each | Python | Node |\n| --- | --- | --- | --- | --- |")
    count = 200_000
    for kind, title in [("", "NDJSON, valid"), ("invalid", "NDJSON, one in a hundred invalid"), ("headers", "NDJSON, 20 headers each"),
                        ("answers", "as `listen --save` writes them, with answers"), ("log", "records behind a logger's text"),
                        ("document", "one JSON document"), ("pino", "lines of pino"), ("docker", "docker's json-file")]:
        path = generate(kind, count)
        commands = {"hookctl": verify(path)}
        if kind in ("", "invalid", "headers", "answers"):
            commands["Python"] = [sys.executable, HERE / "verify.py", KEY, path]
            if shutil.which("node"):
                commands["Node"] = ["node", HERE / "verify.mjs", KEY, path]
        result = best(commands)
        wall, cpu = result["hookctl"]
        ratio = lambda name: f"{result[name][0] / wall:.1f} times as long" if name in result else ""
        print(f"| {title} | {count / wall:,.0f} | {cpu / count * 1e6:.1f} µs | {ratio('Python')} | {ratio('Node')} |", flush=True)
        path.unlink()


def large():
    if not shutil.which("openssl"):
        return
    path = work / "raw"
    with open(path, "wb") as out:
        for _ in range(2048):
            out.write(bytes(1 << 20))
    signature = subprocess.check_output(["openssl", "dgst", "-sha256", "-hmac", KEY, path], text=True).split()[-1]
    raw = ["--format", "raw", "--signature", signature]
    result = best({"`hookctl verify --format raw`": verify(path, *raw), "`openssl dgst -sha256 -hmac`": ["openssl", "dgst", "-sha256", "-hmac", KEY, path]})
    print("\n| One body of 2 GiB | Wall | MB/s | Processor time |\n| --- | --- | --- | --- |")
    for name, (wall, cpu) in result.items():
        print(f"| {name} | {wall:.2f} s | {2147 / wall:,.0f} | {cpu:.2f} s |", flush=True)
    path.unlink()


def keep(number, directory):
    store = dict(env, HOOKCTL_CONFIG_DIR=str(work / directory))
    for i in range(number):
        subprocess.check_call([hookctl, "secrets", "set", f"wundertreos/w{i}", "--name", f"hook {i}", "--from-env", "SECRET"], env=dict(store, SECRET=f"{KEY}{i}"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return store


def start():
    if not shutil.which("go"):
        return
    bare = work / "bare"
    subprocess.check_call(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bare, "./" + os.path.relpath(HERE / "bare")], env=dict(os.environ, CGO_ENABLED="0"))
    one, many = keep(1, "one"), keep(1000, "many")
    time.sleep(3)  # until what is new is old enough for the index
    path = generate("", 1)
    commands = {"`version`": [hookctl, "version"], "`verify` of one delivery": verify(path), "`list-events`": [hookctl, "list-events"],
                "Tab after `get`": [hookctl, "__complete", "get", ""], "the overview of `hookctl help`": [hookctl, "help"]}
    print("\n| Processor time in ms | 1 kept | 1,000 kept | of a bare cobra program |\n| --- | --- | --- | --- |")
    result = {store: best({"bare": [bare, "version"], **commands}, 20, where) for store, where in (("one", one), ("many", many))}
    for name in commands:
        cpu = {store: times[name][1] * 1e3 for store, times in result.items()}
        print(f"| {name} | {cpu['one']:.1f} | {cpu['many']:.1f} | {cpu['one'] / 1e3 / result['one']['bare'][1]:.1f} times |")
    print(f"| the bare program | {result['one']['bare'][1] * 1e3:.1f} | | |", flush=True)
    spread, same = generate("spread", 20_000), generate("", 20_000, KEY + "7")
    result = best({name: [hookctl, "verify", path, "--provider", "wundertreos", "-o", "ndjson"] for name, path in (("spread", spread), ("same", same))}, where=many)
    print(f"\n20,000 deliveries with 1,000 secrets kept: of one webhook {result['same'][0]:.2f} s, of all of them in turn {result['spread'][0]:.2f} s.")


try:
    throughput()
    large()
    start()
finally:
    shutil.rmtree(work)
