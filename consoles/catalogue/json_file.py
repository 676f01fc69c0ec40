"""Catalogues as JSON: one object with a list for each kind of entry, one entry a line as written.

```json
{"halls": […], "departments": […], "windows": […], "matters": [{"code": "…", "name": "…", …}]}
```
"""

from collections.abc import Iterable
from typing import Any

from consoles.catalogue.loaded import Loaded, RowError
from ledger.catalogue import ENTRY_CLASSES, Entry, Kind, kind_of
from ledger.errors import EventInvalid, ImportInvalid
from ledger.wire import entry_to_json, parse_json, read_entry, to_text

LISTS: dict[str, Kind] = {f"{kind}s": kind for kind in ENTRY_CLASSES}


def read_json(raw: bytes) -> Loaded:
    """Return the entries that a JSON file holds, and every error with its place.

    Raises:
        ImportInvalid: the file is no JSON object with lists of entries.
    """
    try:
        value = parse_json(raw.removeprefix(b"\xef\xbb\xbf"))
    except EventInvalid as error:
        raise ImportInvalid(f"Found no JSON: {error.message}") from error
    if not isinstance(value, dict) or not value.keys() <= LISTS.keys():
        raise ImportInvalid(
            f"Found {_outline(value)}, expected an object with {', '.join(LISTS)} and nothing else."
        )
    loaded = Loaded(tuple(kind for name, kind in LISTS.items() if name in value))
    for name, kind in LISTS.items():
        entries = value.get(name, [])
        if not isinstance(entries, list):
            raise ImportInvalid(f"{name}: found {_outline(entries)}, expected a list of entries.")
        for index, each in enumerate(entries):
            _take(loaded, kind, f"{name}[{index}]", each)
    return loaded


def _take(loaded: Loaded, kind: Kind, place: str, value: Any) -> None:
    if not isinstance(value, dict):
        loaded.refuse([RowError(place, "(entry)", _outline(value), "a JSON object")])
        return
    entry, faults = read_entry(kind, value)
    if entry is not None:
        loaded.take(entry, place)
    else:
        loaded.refuse([RowError(place, f.field, f.found, f.expected) for f in faults])


def _outline(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(map(repr, list(value)[:8])) or 'nothing'}"
    return type(value).__name__


def catalogue_json(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return entries as one JSON value, in order of kind and code."""
    ordered = sorted(entries, key=lambda each: each.code)
    return {
        name: [entry_to_json(each) for each in ordered if kind_of(each) == kind]
        for name, kind in LISTS.items()
    }


def write_json(entries: Iterable[Entry]) -> bytes:
    """Return entries as a JSON file; the same entries, the same bytes."""
    lists = []
    for name, plain in catalogue_json(entries).items():
        lines = ",\n".join(map(to_text, plain))
        lists.append(f'"{name}": [\n{lines}\n]' if lines else f'"{name}": []')
    return ("{\n" + ",\n".join(lists) + "\n}\n").encode()
