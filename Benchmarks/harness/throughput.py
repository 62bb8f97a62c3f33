"""Requests a second and how long each takes: the daemon and the floor in turn, then the peers."""

from . import ours, peers, system

DURATION = 1.0
WARM_UP = 0.2

# Shape: connections × pipelined requests of each. Beside it, the floor's requests a commit.
SHAPES = {"1x1": (1, 1, 1), "16x1": (16, 1, 16), "64x1": (64, 1, 64), "16x16": (16, 16, 256)}
READ_SHAPES = {"1x1": (1, 1, 1), "16x1": (16, 1, 16), "16x16": (16, 16, 256)}


class Pair:
    """A build's daemon and, for ours, the floor on copies of one database."""

    def __init__(self, context, build, size):
        self.context, self.build, self.size = context, build, size
        self.ids = build.databases.project_ids(size)
        self.floors = build.databases.copy(size, "floor") if build is context.ours else None
        self.daemon = build.daemon(build.databases.copy(size, "ours"))
        self.created = {}

    def put(self, step, measured):
        """Samples named `step.figure@size`."""
        for figure in ("perSecond", "p50", "p99"):
            found = measured.get(figure) or (measured["requests"][0][figure] if "requests" in measured else None)
            if found is not None:
                self.context.samples.add(f"{step}.{figure}@{self.size}", found)

    def load(self, step, *requests, connections, depth, **options):
        measured = self.daemon.load(
            *requests, connections=connections, depth=depth, seconds=DURATION, warm_up=WARM_UP,
            seed=self.context.round + 1, users=ours.USERS, **options)
        self.put(f"{self.build.name}.{step}", measured)
        return measured

    def floor(self, step, what, batch):
        if self.floors is None:
            return
        self.put(
            f"floor.{step}", ours.floor(
                self.floors, what, batch=batch, seconds=DURATION, warm_up=WARM_UP, users=ours.USERS,
                seed=self.context.round + 1))


def create(pair, shape):
    connections, depth, batch = SHAPES[shape]
    pair.created[shape] = pair.context.scratch.folder / f"{pair.build.name}-created{shape}"
    pair.load(f"create.{shape}", ours.CREATE, connections=connections, depth=depth, save_ids=pair.created[shape])
    pair.floor(f"create.{batch}", "create", batch)


def failed(pair, shape):
    connections, depth, batch = SHAPES[shape]
    if shape not in pair.created:
        create(pair, shape)
    # Each of those just created, once: a stall while they were created must not leave too few for a second's load.
    count = sum(1 for _ in open(pair.created[shape]))
    measured = pair.daemon.load(
        ours.FAILED, connections=connections, depth=depth, ids=pair.created[shape], count=count, warm_up=0)
    pair.put(f"{pair.build.name}.failed.{shape}", measured)
    pair.floor(f"failed.{batch}", "failed", batch)


def status(pair, shape):
    connections, depth, batch = READ_SHAPES[shape]
    pair.load(f"status.{shape}", ours.STATUS, connections=connections, depth=depth, ids=pair.ids)
    pair.floor(f"status.{batch}", "status", batch)


def balance(pair, _):
    pair.load("balance.16x1", ours.BALANCE, connections=16, depth=1)
    pair.floor("balance.16", "balance", 16)


def lists(pair, _):
    deep = ours.deep_page(pair.build.databases.deep_cursor(pair.size))
    for name, template, what in [("page", ours.PAGE, "page"), ("deep", deep, "deep"), ("stats", ours.STATS, "stats")]:
        pair.load(f"{name}.1x1", template, connections=1, depth=1)
        pair.floor(f"{name}.1", what, 1)


def mixed(pair, _):
    reads = (ours.STATUS, "read", 80)
    pair.load("reads.64x1", reads, connections=64, depth=1, ids=pair.ids)
    pair.load("mixed.64x1", reads, (ours.CREATE, "write", 20), connections=64, depth=1, ids=pair.ids)


# Step → how it is run. A figure names the steps that it needs.
STEPS = {
    **{f"create.{shape}": (create, shape) for shape in SHAPES},
    **{f"failed.{shape}": (failed, shape) for shape in ("16x1", "16x16")},
    **{f"status.{shape}": (status, shape) for shape in READ_SHAPES},
    "balance": (balance, None), "lists": (lists, None), "mixed": (mixed, None),
}


def run_round(context, size, steps):
    wanted = [step for step in STEPS if step in steps]
    if not wanted:
        return
    pairs = [Pair(context, build, size) for build in context.builds]
    for step in wanted:
        system.progress(f"round {context.round + 1} of {context.rounds}, {size} projects: {step}")
        function, shape = STEPS[step]
        for pair in context.in_turn(pairs, context.round):
            context.attempt(f"{step}, {size} projects", function, pair, shape, build=pair.build)
    for pair in pairs:
        if context.round == 0:  # after all that load
            pair.build.databases.audit(pair.daemon)
        pair.daemon.stop()


class Peers:
    """Started once, asked in every round."""

    def __init__(self, context, steps):
        self.context = context
        self.running = {}
        self.missing = []
        for name, kind in [("postgres", peers.PostgreSQL), ("redis", peers.Redis)]:
            if name not in steps:
                continue
            reason = kind.missing()
            if reason:
                self.missing.append(reason)
                continue
            system.progress(f"starting {kind.version()}")
            context.versions[name] = kind.version()
            context.attempt(name, self.start, name, kind)
        if "echo" in steps:
            self.running["echo"] = peers.Echo(context.scratch)

    def start(self, name, kind):
        self.running[name] = kind(self.context.scratch)

    def put(self, step, measured):
        for figure in ("perSecond", "p50", "p99", "mean"):
            if figure in measured:
                self.context.samples.add(f"{step}.{figure}", measured[figure])

    def run_round(self):
        for name, peer in self.running.items():
            system.progress(f"round {self.context.round + 1} of {self.context.rounds}: {name}")
            self.context.attempt(name, getattr(self, name), peer)

    def postgres(self, peer):
        for clients in (16, 1, 64):
            self.put(f"postgres.create.{clients}", peer.create(clients, DURATION))

    def redis(self, peer):
        self.put("redis.create.16", peer.create(16, DURATION))
        self.put("redis.status.16x1", peer.status(16, 1, DURATION))
        self.put("redis.status.16x16", peer.status(16, 16, DURATION))

    def echo(self, peer):
        ids = self.context.ours.databases.project_ids(self.context.sizes[0])
        for shape in ("16x1", "16x16"):
            connections, depth, _ = READ_SHAPES[shape]
            measured = ours.load(
                peer.socket, ours.STATUS, echo=True, connections=connections, depth=depth, seconds=DURATION,
                warm_up=WARM_UP, ids=ids)
            self.put(f"echo.{shape}", {**measured, **measured["requests"][0]})

    def stop(self):
        for peer in self.running.values():
            peer.stop()
