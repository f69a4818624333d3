"""What bench/compare compares: who is asked to do what, and the targets. Each target is a bound of a ratio of ours to another
contestant's figure, or of a figure of ours (then `other` is None)."""

LATENCY_METRICS = ("p50_us", "p99_us", "first_us")


class Row:
    """One comparison. `contestants`: name -> (program, arguments, environment); `fake`: what the fake server is started with, by name or
    for all ("*"). `main`: belongs to the set of --quick and --readme. `seconds`: about how long one run takes; `most`: rounds that
    are enough for what does not vary."""

    def __init__(self, number, name, main=False, fake=None, one_core=False, tls=False, seconds=0.6, buckets=None, most=None):
        self.number, self.name, self.main, self.one_core, self.tls = number, name, main, one_core, tls
        self.seconds, self.most = seconds, most
        self.fake = fake or {}
        self.buckets = buckets  # (keys, storage) of what must be there
        self.contestants = {}
        self.targets = []

    @property
    def title(self):
        return f"{self.number} {self.name}"

    def add(self, name, program, arguments, **environment):
        self.contestants[name] = (program, arguments, environment)
        return self

    def all(self, job, limit=None, peers=("nats.c", "nats.go", "async-nats"), given=None):
        """The same job for ours, these peers and the limit. `given`: other options for one of them."""
        programs = {"nats.c": "natsc", "nats.go": "natsgo", "async-nats": "asyncnats", "async-nats multi": "asyncnats"}
        given = given or {}
        self.add("slipstream", "load", given.get("slipstream", job))
        for peer in peers:
            environment = {"ASYNCNATS_RUNTIME": "multi"} if peer == "async-nats multi" else {}
            self.add(peer, programs[peer], given.get(peer, job), **environment)
        if limit:
            self.add("limit", "limit_" + limit.split()[0], limit.split(" ", 1)[1])
        return self

    def at_least(self, metric, other, value):
        self.targets.append((metric, other, False, value))
        return self

    def at_most(self, metric, other, value):
        self.targets.append((metric, other, True, value))
        return self


ALL = ("nats.c", "nats.go", "async-nats")
WITH_MULTI = (*ALL, "async-nats multi")


def publish_rows(cut):
    for size, n, rate, cpu, limit in ((16, 3_000_000, 1.0, 0.35, 0.92), (128, 2_000_000, 1.08, 0.35, 0.92),
                                      (1024, 500_000, 1.0, 0.90, None), (8192, 100_000, 0.95, 0.90, None)):
        options = f"--size {size} --n {n // cut}"
        row = Row(1, f"publish {size} B, server", main=True)
        row.all("pub " + options, f"publish {options} --notsent-lowat 16384", WITH_MULTI if size == 128 else ALL)
        row.add("limit, plain", "limit_publish", options)
        row.at_least("rate", "nats.c", rate).at_most("cpu_ns", "nats.c", cpu).at_least("rate", "limit, plain", 0.95)
        if limit:
            row.at_least("rate", "limit", limit)
        yield row
    # async-nats has no flush that waits for the server, so that nothing tells when a fake one has everything.
    for size, n, rate, cpu, limit in ((16, 3_000_000, 5.0, 0.20, None), (128, 2_000_000, 3.5, 0.30, 0.5),
                                      (1024, 500_000, 1.4, 0.65, None), (8192, 100_000, 1.15, 0.85, 0.85)):
        options = f"--size {size} --n {n // cut}"
        row = Row(2, f"publish {size} B, fake sink", main=size == 128, fake={"*": "--mode sink"})
        row.all("pub " + options, f"publish {options} --notsent-lowat 16384", ("nats.c", "nats.go"))
        row.at_least("rate", "nats.c", rate).at_most("cpu_ns", "nats.c", cpu)
        if limit:
            row.at_least("rate", "limit", limit)
        yield row


def receive_rows(cut, bin_dir):
    for size, n, rate, cpu, limit in ((16, 2_000_000, 10, 0.08, 0.85), (128, 2_000_000, 5, 0.08, 0.85), (1024, 600_000, 2.5, 0.15, 0.7),
                                      (8192, 120_000, 4, 0.15, 0.7)):
        options = f"--size {size} --n {n // cut}"
        # async-nats sends no PING behind its SUB: it is fed from the SUB on.
        feeds = {"*": f"--mode feed {options}", "async-nats": f"--mode feed --on-sub 1 {options}"}
        row = Row(3, f"receive {size} B, fake feed", main=size in (16, 128), fake=feeds, seconds=1)
        row.all("recv " + options, "receive " + options)
        row.at_least("rate", "nats.c", rate).at_most("cpu_ns", "nats.c", cpu).at_least("rate", "limit", limit)
        yield row

    def through_server(number, name, n, subscriptions, connections, peers):
        parts = subscriptions * connections
        options = f"--size 128 --subscriptions {subscriptions} --connections {connections} --n {n // cut // parts * parts}"
        options += f' --load "{bin_dir}/limit_publish --size 128 --n {n // cut // parts}"'
        return Row(number, name, main=True, seconds=1).all("recv " + options, "receive " + options, peers)

    row = through_server(4, "receive 128 B, server, 1 subscription", 1_000_000, 1, 1, WITH_MULTI)
    yield row.at_least("rate", "nats.c", 1.15).at_most("cpu_ns", "nats.c", 0.20).at_least("rate", "limit", 0.95)
    row = through_server(4, "receive 128 B, server, 8 subscriptions", 2_000_000, 8, 1, ALL)
    yield row.at_least("rate", "nats.c", 4).at_most("cpu_ns", "nats.c", 0.08).at_least("rate", "limit", 0.90)
    yield through_server(17, "receive 128 B, 4 subscriptions, 4 connections", 1_000_000, 1, 4, ALL)


def both_ways_rows(cut):
    options = f"--size 128 --n {300_000 // cut}"
    row = Row(5, "publish and receive, one connection", main=True).all("pubsub " + options, "pubsub " + options)
    yield row.at_least("rate", "nats.c", 1.3).at_most("cpu_ns", "nats.c", 0.2).at_least("rate", "limit", 0.90)
    options = f"--size 128 --n {3_000_000 // cut}"
    row = Row(5, "publish and receive, one connection, 3 M messages", seconds=3).all("pubsub " + options, "pubsub " + options, ())
    yield row.at_most("disconnects", None, 0).at_least("rate", "limit", 0.90)


def request_rows(cut, responder):
    options = f"--n {10_000 // cut} {responder}"
    row = Row(6, "request, one core", main=True, one_core=True).all("request " + options, "request " + options)
    row.add("nats.c, no spinning", "natsc", "request " + options, NATSC_SPIN="0")
    row.at_most("p50_us", "nats.c", 0.55).at_most("p99_us", "nats.c", 0.60).at_most("p50_us", "nats.c, no spinning", 0.70)
    row.at_most("p99_us", "nats.c, no spinning", 0.95).at_most("p50_us", "async-nats", 0.92)
    yield row.at_most("p50_us", "limit", 1.10)
    # On two cores the wake-ups belong to the kernel, and the scheduler decides where they go: shown, without a target.
    yield Row(7, "request, two cores", seconds=1).all("request " + options, "request " + options)
    for window, n, mux, threads, other, limit in ((16, 100_000, 2.3, 3.3, 1.2, 0.78), (64, 200_000, 2.3, 9, 1.4, 0.78),
                                                  (256, 200_000, 1.7, 15, 1.25, 0.70)):
        options = f"--window {window} --n {n // cut} {responder}"
        row = Row(7, f"requests, {window} in flight", main=True, seconds=1.2)
        row.all("request " + options, "request " + options, WITH_MULTI if window == 64 else ALL,
                given={"nats.c": "request --how mux " + options})
        row.add("nats.c, threads", "natsc", f"request --window {window} --n {n // cut // 4} {responder}")
        row.add("limit, distinct replies", "limit_request", f"--distinct 1 {options}")
        row.at_least("rate", "nats.c", mux).at_least("rate", "nats.c, threads", threads).at_least("rate", "async-nats", other)
        yield row.at_least("rate", "limit", limit).at_least("rate", "limit, distinct replies", limit)
        # nats.c's way is ours too: no request API, an inbox of one's own and its handler.
        row = Row(7, f"requests by hand, {window} in flight", main=True, seconds=1.2)
        row.all("request --how mux " + options, None, ("nats.c",))
        row.add("limit, distinct replies", "limit_request", f"--distinct 1 {options}")
        yield row.at_least("rate", "nats.c", mux).at_least("rate", "limit, distinct replies", limit)


def jetstream_rows(cut):
    for window, storage, rate in ((256, "memory", 1.6), (4096, "memory", 1.0), (256, "file", 1.6), (4096, "file", 1.0)):
        options = f"--window {window} --storage {storage} --n {200_000 // cut}"
        row = Row(8, f"JetStream publish, {window} in flight, {storage}", main=storage == "memory", seconds=1)
        row.all("js-pub " + options, f"kv --mode js-pub {options}", WITH_MULTI if window == 4096 and storage == "memory" else ALL)
        row.at_least("rate", "nats.c", rate).at_most("cpu_ns", "nats.c", 0.30).at_least("rate", "async-nats", 0.95)
        yield row.at_most("cpu_ns", "async-nats", 0.4).at_least("rate", "limit", 0.95)


def key_value_rows(cut):
    for job, words in (("kv-put", "KV put"), ("kv-get", "KV get"), ("js-pub", "JetStream publish")):
        options = f"--window 1 --n {10_000 // cut}"
        row = Row(9, f"{words}, one core", main=True, one_core=True, seconds=0.8).all(f"{job} {options}", f"kv --mode {job} {options}")
        row.add("nats.c, no spinning", "natsc", f"{job} {options}", NATSC_SPIN="0")
        row.at_most("p50_us", "nats.c", 0.70).at_most("cpu_ns", "nats.c", 0.35).at_most("p50_us", "nats.c, no spinning", 0.75)
        yield row.at_most("p50_us", "async-nats", 0.95).at_most("p50_us", "limit", 1.15)
    for window, rate in ((16, 3.3), (64, 5), (256, 8)):
        options = f"--window {window} --n {100_000 // cut}"
        row = Row(10, f"KV get, {window} in flight", main=window == 64, seconds=1.3)
        row.all("kv-get " + options, "kv --mode kv-get " + options, WITH_MULTI if window == 64 else ALL,
                given={"nats.c": f"kv-get --window {window} --n {30_000 // cut}"})  # a thread for each
        row.at_least("rate", "nats.c", rate).at_least("rate", "limit", 0.85)
        yield row.at_least("rate", "async-nats", 1.25) if window == 64 else row
    for window in (64, 1024):
        options = f"--window {window} --n {100_000 // cut}"
        row = Row(10, f"KV put, {window} in flight", main=window == 64).all("kv-put " + options, "kv --mode kv-put " + options,
                                                                            ("nats.go", "async-nats"))
        yield row.at_least("rate", "limit", 0.85)


def state_rows(smoke):
    for storage in ("memory", "file"):
        for keys, watch, listing in ((1_000, 1.4, 1.5), (100_000, 1.4, 1.35), (1_000_000, 1.25, 1.25)):
            if smoke and keys > 1_000:
                continue
            bucket = f"--bucket sync{keys}{storage}"
            main = storage == "memory"
            seconds = 0.3 + keys / 400_000
            words = f"{keys // 1000} k" if keys < 1_000_000 else "1 M"
            peers = WITH_MULTI if main and keys == 1_000_000 else ALL
            row = Row(11, f"watch of {words} keys, {storage}", main=main and keys == 100_000, seconds=seconds, buckets=(keys, storage))
            row.all("kv-watch " + bucket, "kv --mode sync " + bucket, peers)
            row.at_least("rate", "nats.c", watch).at_most("cpu_ns", "nats.c", 0.25).at_most("growth_kb", None, 2048)
            yield row.at_least("rate", "limit", 0.92).at_most("cpu_ns", "limit", 3)
            row = Row(12, f"keys of {words} keys, {storage}", main=main and keys == 1_000_000, seconds=seconds, buckets=(keys, storage))
            row.all("kv-keys " + bucket, "kv --mode sync --headers-only 1 --keep 1 " + bucket)
            row.at_least("rate", "nats.c", listing).at_most("cpu_ns", "nats.c", 0.25).at_least("rate", "limit", 0.90)
            if keys == 1_000_000:
                row.at_most("peak_kb", "nats.c", 0.15).at_most("peak_kb", "limit", 1.5)
            yield row


def life_rows(cut, smoke):
    connects = f"connect --n {200 // min(cut, 4)}"
    row = Row(13, "connect", main=True).all(connects, connects, WITH_MULTI)
    yield row.at_most("p50_us", "nats.c", 0.85).at_most("first_us", "nats.c", 0.30).at_most("p50_us", "limit", 1.15)
    seconds = 1 if smoke else 10
    row = Row(13, "idle", main=True, seconds=seconds + 0.5, most=2).all(f"idle --seconds {seconds}")
    row.at_most("threads", None, 1).at_most("anonymous_kb", "nats.c", 0.35)
    yield row.at_most("switches", None, 0.5)  # two for each ping of ours, one for the server's first
    row = Row(13, "idle, OpenSSL inside the program", main=True, seconds=seconds + 0.5, most=2)
    row.add("slipstream", "load_static", f"idle --seconds {seconds}").add("nats.c", "natsc", f"idle --seconds {seconds}")
    yield row.at_most("anonymous_kb", "nats.c", 0.35)
    row = Row(13, "size of a program that publishes, stripped", main=True, seconds=0.1, most=1).add("slipstream", "size", "publisher")
    yield row.at_most("stripped_kb", None, 570)  # 1.5 times a static one of nats.c without TLS, 380 kB


def other_rows(cut, responder, bin_dir):
    for threads, words in ((1, "one other thread"), (4, "four other threads")):
        options = f"--threads {threads} --size 128 --n {2_000_000 // cut}"
        row = Row(15, f"publish 128 B from {words}", main=True).all("pub-threads " + options, None, ("nats.c", "nats.go"))
        row.add("limit", "limit_publish", f"--size 128 --n {2_000_000 // cut} --notsent-lowat 16384")
        yield row.at_most("caller_cpu_ns", "nats.c", 0.8).at_least("rate", "nats.c", 0.9)
    for size, n in ((128, 1_000_000), (8192, 50_000)):
        options = f"--size {size} --n {n // cut}"
        row = Row(16, f"publish {size} B over TLS", main=size == 128, tls=True, seconds=1)
        # Each record holds whole frames: the server has not to put messages together, which halves its work for large ones.
        yield row.all("pub " + options, f"publish --tls 1 --chunk 16384 {options}")
        options += f' --load "{bin_dir}/limit_publish --size {size} --n {n // cut}"'
        row = Row(16, f"receive {size} B over TLS", main=size == 128, tls=True, seconds=1.3)
        yield row.all("recv " + options, f"receive --tls 1 {options}")
    options = f"--n {10_000 // cut} {responder}"
    row = Row(16, "request over TLS, one core", main=True, tls=True, one_core=True)
    yield row.all("request " + options, f"request --tls 1 {options}")


def all_rows(bin_dir, smoke=False):
    """In order of their numbers. smoke: a tenth of the work, to see that all of it runs."""
    cut = 10 if smoke else 1
    responder = f'--load "{bin_dir}/limit_request --mode responder"'
    rows = [*publish_rows(cut), *receive_rows(cut, bin_dir), *both_ways_rows(cut), *request_rows(cut, responder), *jetstream_rows(cut),
            *key_value_rows(cut), *state_rows(smoke), *life_rows(cut, smoke), *other_rows(cut, responder, bin_dir)]
    return sorted(rows, key=lambda r: r.number)
