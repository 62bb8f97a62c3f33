"""Power cuts: what the daemon did to its files is recorded, and the disk rebuilt as a cut at random moments would leave
it.

A recording is never the same twice: a finding keeps its recording, the clerks and its first states in the case's
folder."""

from parts import recording
from parts.recording import Recording
from parts.replay import Replay

TITLE = "power cut (none, prefix, pages, torn sectors)"
# Of STATES each.
SHORT, LONG = 6, 200
STATES, LONG_STATES = 500, 1000
LEAST = SHORT * STATES, LONG * LONG_STATES


def prepare(tools, binaries):
    recording.build(tools)


def case(case):
    """The first case of three loads until the WAL has been copied into the database at least once."""
    states = LONG_STATES if case.is_long else STATES
    return detect(case, states, until_checkpoint=case.number % 3 == 0)


def detect(case, states, until_checkpoint=False):
    """Records a daemon under load, with stops and kills, and cuts the power so many times in the replay.
    Returns the number of states. 60 find what 200 would, but for what happens in a checkpoint only."""
    with Recording(case) as made:
        load(case, made, until_checkpoint)
        return Replay(case, made).run(states)


def load(case, made, until_checkpoint):
    made.daemon.start()
    if until_checkpoint:
        made.play(30, until=made.is_checkpointed)
        case.expect(made.is_checkpointed(), "wrong", "the WAL did not grow long enough to be copied")
        made.settle()
        made.play(case.rng.uniform(0.05, 0.2))
        made.end()
        return
    for _ in range(2):
        made.play(case.rng.uniform(0.05, 0.2))
        made.end()
        made.daemon.start()
        made.settle()
        made.kill_within(case.rng.uniform(0.05, 0.2))
        made.daemon.start()
        made.settle()
    made.end()
