"""What `POST /events` answers: positions for what was taken, problems for what was not.

It stands apart from the route so that the shape of the answer can be read, and tested, on its own.
"""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from consoles.api.intake import Refused, Result
from consoles.api.json_answer import json_answer
from consoles.api.problems import Language, problem_of, problem_response
from consoles.api.refusals import EventsRefused
from ledger.errors import EventInvalid
from ledger.log import Appended


def single_answer(result: Appended) -> Response:
    """Answer one event that was taken: 201 appended, 200 the same again."""
    return json_answer(_placed(result), status=201 if result.outcome == "appended" else 200)


def batch_answer(values: Sequence[Any], results: Sequence[Result], lang: Language) -> Response:
    """Answer a batch: 200 if all were taken, 207 if some were, 400 if none was.

    `results` holds one item an event, in order: its position, or its problem with `index` and the
    `record` it names.
    """
    told = [
        {"index": index, **_placed(result)}
        if isinstance(result, Appended)
        else _refused(index, values[index], result, lang)
        for index, result in enumerate(results)
    ]
    outcomes = [item["outcome"] for item in told]
    appended, repeated = outcomes.count("appended"), outcomes.count("repeated")
    refused = len(told) - appended - repeated
    summary = {"appended": appended, "repeated": repeated, "refused": refused, "results": told}
    if refused and refused == len(told):
        error = EventsRefused(f"batch: found no event that could be taken among {refused}.")
        return problem_response(error, lang, **summary)
    return json_answer(summary, status=207 if refused else 200)


def _placed(result: Appended) -> dict[str, Any]:
    partition, offset = result.position
    return {
        "outcome": result.outcome,
        "duplicate": result.outcome == "repeated",
        "position": {"partition": partition, "offset": offset},
    }


def _refused(index: int, value: Any, result: Refused, lang: Language) -> dict[str, Any]:
    return {
        "index": index,
        "outcome": "refused" if isinstance(result, EventInvalid) else "conflict",
        "duplicate": False,
        **problem_of(result, lang, record=record_of(value)),
    }


def record_of(value: Any) -> dict[str, str] | None:
    """Return what a refused event calls itself: its source and id, as far as it has them."""
    names = value if isinstance(value, dict) else {}
    record = {name: names[name] for name in ("source", "id") if isinstance(names.get(name), str)}
    return record or None
