"""A disk as a power cut finds it. It takes in what a program did to its files and knows what of that must be there
afterwards and what only may be: what was not synced since, any part of it."""

from dataclasses import dataclass, field

SECTOR, PAGE = 512, 4096
# What becomes of what was not synced: all of it gone; its beginning is there; some pages of it; some sectors of it.
WAYS = ("none", "prefix", "subset", "torn")


@dataclass
class File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)  # (offset, bytes), or (size, None) where it was cut or grown
    begun: dict = field(default_factory=dict)  # how much was pending when a sync of this descriptor began


def put(content, offset, data):
    if data is None:
        if len(content) > offset:
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def pieces(offset, data, grain):
    """The parts of it that lie in one page or sector each."""
    start = 0
    while start < len(data):
        end = min(len(data), start + grain - (offset + start) % grain)
        yield offset + start, data[start:end]
        start = end


class Disk:
    def __init__(self, folder, rng):
        """rng: chooses what a failed sync has written all the same."""
        self.folder, self.rng = str(folder), rng
        self.names = {}  # as programs see them
        self.opened = {}  # by descriptor; None for the folder
        # What was done to the names, in order, and up to where that is durable: for a file system that keeps the name
        # of a file which is synced, as those in use do, and for one that keeps names only when their folder is synced.
        self.renames, self.kept, self.kept_strictly = [], 0, 0

    def take(self, what, descriptor, offset, data):
        getattr(self, "do_" + what)(descriptor, offset, data)

    # MARK: What a program did

    def do_P(self, *_):
        """A process began: the descriptors are its own."""
        self.opened = {}
        for file in self.names.values():
            file.begun = {}

    def do_O(self, descriptor, flags, data):
        path = data.decode()
        if path == self.folder:
            self.opened[descriptor] = None
            return
        name = path.removeprefix(self.folder + "/")
        if flags & 1 or name not in self.names:
            self.name(name, File())
        file = self.names[name]
        if flags & 2:
            file.pending.append((0, None))
        self.opened[descriptor] = file

    def do_X(self, descriptor, *_):
        self.opened.pop(descriptor, None)

    def do_W(self, descriptor, offset, data):
        self.opened[descriptor].pending.append((offset, data))

    def do_T(self, descriptor, size, _):
        self.opened[descriptor].pending.append((size, None))

    def do_G(self, descriptor, size, _):
        file = self.opened[descriptor]
        if size > len(self.content(file)):
            file.pending.append((size, None))

    def do_U(self, _, __, data):
        self.name(data.decode().removeprefix(self.folder + "/"), None)

    def do_R(self, _, __, data, keeps_old=False):
        old, new = (path.removeprefix(self.folder + "/") for path in data.decode().split("\0"))
        file = self.names.get(old) or File()
        if new:
            self.name(new, file)
        if old and not keeps_old:
            self.name(old, None)

    def do_L(self, _, __, data):
        self.do_R(_, __, data, keeps_old=True)

    def do_b(self, descriptor, *_):
        file = self.opened[descriptor]
        if file:
            file.begun[descriptor] = len(file.pending)

    def do_S(self, descriptor, *_):
        file = self.opened[descriptor]
        if file is None:
            self.kept = self.kept_strictly = len(self.renames)
            return
        count = file.begun.pop(descriptor, 0)
        for change in file.pending[:count]:
            put(file.durable, *change)
        del file.pending[:count]
        file.begun = {other: max(0, begun - count) for other, begun in file.begun.items()}
        for index in range(len(self.renames) - 1, self.kept - 1, -1):
            if self.renames[index][1] is file:
                self.kept = index + 1
                break

    def do_F(self, descriptor, *_):
        """Its pages are clean now and will not be written again. Some of them had been before, perhaps."""
        file = self.opened[descriptor]
        if file is None:
            return
        share = self.rng.choice([0, 0, 0.5])
        for offset, data in file.pending:
            if data is None:  # which is the file system's own journal's, and not lost with a page
                put(file.durable, offset, None)
                continue
            for piece in pieces(offset, data, PAGE):
                if self.rng.random() < share:
                    put(file.durable, *piece)
        file.pending, file.begun = [], {}

    def do_A(self, *_):
        pass

    def name(self, name, file):
        if file is None:
            self.names.pop(name, None)
        else:
            self.names[name] = file
        self.renames.append((name, file))

    def content(self, file):
        whole = bytearray(file.durable)
        for change in file.pending:
            put(whole, *change)
        return whole

    # MARK: What a power cut leaves of it

    def cut(self, rng, way):
        """Returns the files' contents by name. way: one of WAYS for all files, or None: another one for each."""
        kept = self.kept_strictly if way is None and rng.random() < 0.5 else self.kept
        if way != "none":
            kept = rng.randint(kept, len(self.renames))
        names = {}
        for name, file in self.renames[:kept]:
            names[name] = file
        return {name: self.left(file, rng, way or rng.choice(WAYS)) for name, file in names.items() if file is not None}

    def left(self, file, rng, way):
        if way == "none" or not file.pending:
            return file.durable
        content = bytearray(file.durable)
        if way == "prefix":
            for change in file.pending[:rng.randint(0, len(file.pending))]:
                put(content, *change)
            return content
        share = rng.choice([0.1, 0.5, 0.9])
        for offset, data in file.pending:
            if data is None:
                if rng.random() < share:
                    put(content, offset, None)
                continue
            for piece in pieces(offset, data, PAGE if way == "subset" else SECTOR):
                if rng.random() < share:
                    put(content, *piece)
        return content
