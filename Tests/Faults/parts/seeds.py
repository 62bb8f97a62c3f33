"""What the fuzzers begin with: the requests of protocol.md, and the files in Tests/Faults/corpus."""

import re

from .fuzzers import ROOT

CORPUS = ROOT / "Tests/Faults/corpus"


def write_seeds(target, folder):
    """- Returns: a dictionary of words for the fuzzer, or None."""
    folder.mkdir()
    for file in (CORPUS / target).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    if target != "frames":
        return None
    protocol = (ROOT / "protocol.md").read_text()
    # As the shell's words in the examples.
    lines = re.findall(r"'([{\[][^']*)'", protocol)
    assert len(lines) > 20, "protocol.md has no examples of requests any more"
    for number, line in enumerate(lines):
        (folder / f"protocol-{number}").write_text(line + "\n")
    words = sorted({word for line in lines for word in re.findall(r'"[A-Za-z.]+"', line)})
    dictionary = folder.with_suffix(".words")
    dictionary.write_text("".join('"' + word.replace('"', '\\"') + '"\n' for word in words))
    return dictionary
