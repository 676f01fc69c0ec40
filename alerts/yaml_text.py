"""Plain values as YAML text: block style, text always quoted as in JSON, which YAML reads as it is.

Enough for the files written here, and without a library that would be needed for nothing else.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]

_INDENT = "  "


def yaml_text(value: Mapping[str, Value], comment: str = "") -> str:
    """Return a document; the comment stands above it, each line behind `#`."""
    head = [f"# {line}".rstrip() for line in comment.splitlines()]
    return "\n".join([*head, *_mapping(value, ""), ""])


def _mapping(value: Mapping[str, Value], indent: str) -> Iterator[str]:
    for key, each in value.items():
        if _is_flat(each):
            yield f"{indent}{key}: {_flat(each)}"
        else:
            yield f"{indent}{key}:"
            yield from _lines(each, indent + _INDENT)


def _sequence(value: Sequence[Value], indent: str) -> Iterator[str]:
    for each in value:
        if _is_flat(each):
            yield f"{indent}- {_flat(each)}"
            continue
        first, *others = _lines(each, indent + _INDENT)
        yield f"{indent}- {first.strip()}"
        yield from others


def _lines(value: Value, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        return _mapping(value, indent)
    assert isinstance(value, Sequence)
    return _sequence(value, indent)


def _is_flat(value: Value) -> bool:
    """Whether a value stands on the line of its key: scalars, what is empty, lists of scalars."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return not (isinstance(value, Mapping) and value)
    return all(isinstance(each, str) or not isinstance(each, Sequence | Mapping) for each in value)


def _flat(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)
