"""Where each element of a JSON array lies in its text, found step by step.

It stands apart because the codec parses a body as a whole, while a refused event must go to the
dead letters with its own bytes, and a body of megabytes must not hold the event loop for long.
"""

import json
import re
from collections.abc import Iterator

_GAP = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder(strict=False)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each element of the JSON array that `text` is, one step at a time.

    Raises:
        ValueError: `text` is not one JSON array; elements already yielded were whole.
    """
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("not a JSON array")
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        _expect_end(text, at + 1)
        return
    while True:
        end = _element_end(text, at)
        yield at, end
        at = _skip(text, end)
        mark = text[at : at + 1]
        if mark == "]":
            _expect_end(text, at + 1)
            return
        if mark != ",":
            raise ValueError(f"expected ',' or ']' at character {at}")
        at = _skip(text, at + 1)


def _element_end(text: str, at: int) -> int:
    try:
        _, end = _decoder.raw_decode(text, at)
    except json.JSONDecodeError:
        raise ValueError(f"expected a value at character {at}") from None
    except RecursionError:
        raise ValueError(f"nested too deeply at character {at}") from None
    return end


def _skip(text: str, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at


def _expect_end(text: str, at: int) -> None:
    if _skip(text, at) != len(text):
        raise ValueError(f"expected nothing after the array, found text at character {at}")
