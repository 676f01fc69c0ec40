"""What is questionable in a catalogue, as lines for people."""

from collections.abc import Iterator, Mapping, Sequence

from ledger.catalogue import Kind
from ledger.catalogue_problems import Name, Problem

_MEANING: dict[Name, str] = {
    "promise-beyond-statute": "承诺时限长于法定时限",
    "stages-beyond-promise": "环节时限之和超过承诺时限",
    "unknown-department": "部门不在目录中",
    "unknown-hall": "大厅不在目录中",
}
_ESTIMATED = "the units differ: compared as weeks of five working days without holidays"


def problem_lines(
    problems: Sequence[Problem], places: Mapping[tuple[Kind, str], str]
) -> Iterator[str]:
    """Return a line for each limit that is questionable and for each code that is not known.

    Args:
        places: where entries stand, by kind and code.
    """
    unknown: dict[tuple[Name, str], list[Problem]] = {}
    for problem in problems:
        place = places.get((problem.kind, problem.code), problem.code)
        if problem.against:
            verb = "may be beyond" if problem.estimated else "is beyond"
            why = f"; {_ESTIMATED}" if problem.estimated else ""
            yield (
                f"{place}, {problem.field}: {problem.found} {verb} {problem.against} "
                f"({_MEANING[problem.name]}{why})"
            )
        else:
            unknown.setdefault((problem.name, problem.found), []).append(problem)
    for (name, code), each in unknown.items():
        first = places.get((each[0].kind, each[0].code), each[0].code)
        yield (
            f"{each[0].field} {code!r} is not in the catalogue; entries that name it: "
            f"{len(each)}, the first in {first} ({_MEANING[name]})"
        )
