"""An independent strict JSON reader that the fuzz test compares the Swift one with.

Reads one text per line, in hexadecimal; answers one line per text: "!" when the text is not strict JSON
(RFC 8259 and RFC 7493, depth at most 64), else its content in the form that `canonicalForm(of:)` writes.
"""

import fractions
import json
import re
import struct
import sys

MAXIMUM_DEPTH = 64
MAXIMUM_INTEGER = 2**53 - 1


class Number(str):
    """The text of a number, told apart from a string."""


def integer(text):
    significand, _, exponent = text.lower().partition("e")
    if not re.search("[1-9]", significand):
        return "0"
    if len(exponent.lstrip("+-").lstrip("0")) > 4:
        return "~"  # The texts are too short for so many digits to make up for it.
    value = fractions.Fraction(text)
    return str(value.numerator) if value.denominator == 1 and abs(value) <= MAXIMUM_INTEGER else "~"


def double(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return "~"
    return format(struct.unpack(">Q", struct.pack(">d", value))[0], "x")


def string(value):
    return '"' + value.encode("utf-8", "strict").hex() + '"'  # Lone surrogates raise an error.


def canonical(value, depth=0):
    if value is None:
        return "n"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, Number):
        return integer(value) + ":" + double(value)
    if isinstance(value, str):
        return string(value)
    if depth == MAXIMUM_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, dict):
        return "{" + ",".join(string(k) + "=" + canonical(v, depth + 1) for k, v in value.items()) + "}"
    return "[" + ",".join(canonical(element, depth + 1) for element in value) + "]"


def unique_names(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def refuse(constant):
    raise ValueError(constant)


decoder = json.JSONDecoder(
    strict=True,
    object_pairs_hook=unique_names,
    parse_constant=refuse,
    parse_int=Number,
    parse_float=Number,
)


def answer(line):
    try:
        # JSONDecoder refuses a byte order mark as any other stray character and takes the JSON white space only.
        return canonical(decoder.decode(bytes.fromhex(line).decode("utf-8", "strict")))
    except (ValueError, RecursionError):
        return "!"


if __name__ == "__main__":
    sys.set_int_max_str_digits(0)
    for text in sys.stdin:
        print(answer(text.strip()))
