"""The handling clock (办件时限) and the clocks of its cycle that stops and stages open."""

from collections.abc import Iterator, Sequence

from ledger.case import Cycle, Known, Stop
from ledger.case_events import (
    CaseAccepted,
    CaseCompleted,
    CaseExtended,
    ClockStopped,
    CorrectionReceived,
    StageFinished,
    StageStarted,
)
from ledger.fact import Limit
from ledger.record import micros
from processors.supervision.clock import Extension, Move, StopSpan, stop_end
from processors.supervision.clocks.reading import Now, read_clock
from processors.supervision.law import Law
from processors.supervision.limits import declared, granted, limits_of
from processors.supervision.pack import Pack
from processors.supervision.verdict import ClockVerdict

_DAYS = ("working_day", "natural_day")


def handling_clock(part: str | None, cycle: Cycle, law: Law, now: Now) -> ClockVerdict:
    """Return the clock of a cycle: the promised and the statutory limit of the case."""
    pack = law.pack
    closer = cycle.closer
    closed_us = None if closer is None else closer.time_us
    entry = cycle.opener.fact if cycle.acceptance is None else cycle.acceptance.fact
    accepted = entry if isinstance(entry, CaseAccepted) else None
    stops = counted_stops(cycle, pack) if cycle.stops else ()
    moves: list[Move] = stop_spans(stops, law, closed_us) if stops else []
    if cycle.extensions:
        moves += counted_extensions(cycle, pack, accepted)
        moves.sort(key=lambda move: move[0])
    unmonitored = (
        not pack.immediate_monitored
        and accepted is not None
        and accepted.handling_type == "immediate"
    )
    return read_clock(
        "handling-limit",
        part,
        cycle.opener,
        closer,
        limits_of(accepted, law, cycle.opener.time_us),
        law,
        now,
        entry,
        moves=moves,
        facts=cycle,
        stopped=bool(stops) and closer is None and any(stop.resume is None for stop in stops),
        thresholds=() if unmonitored else None,
    )


def clocks_of_cycle(
    part: str | None, cycle: Cycle, facts: Sequence[Known], law: Law, now: Now
) -> Iterator[ClockVerdict]:
    """Yield the clocks that stops, stages and owed materials open within a cycle."""
    thresholds = law.pack.by_rule
    if cycle.closer is not None and cycle.closer < cycle.opener:
        return
    if cycle.stops and "special-procedure-limit" in thresholds:
        yield from _special_procedures(part, cycle, law, now)
    if cycle.handled and "stage-limit" in thresholds:
        yield from _stages(part, cycle, law, now)
    accepted = cycle.opener.fact
    if "missing-materials-limit" in thresholds and isinstance(accepted, CaseAccepted):
        yield from _missing_materials(part, cycle, accepted, facts, law, now)


def counted_stops(cycle: Cycle, pack: Pack) -> list[Stop]:
    """Return the stops that stop the clock: of the kinds allowed, with the notice required."""
    kinds, notice_required = pack.stops
    if kinds is None and not notice_required:
        return cycle.stops
    return [stop for stop in cycle.stops if counts(stop.start.fact, pack)]


def counts(fact: object, pack: Pack) -> bool:
    """Whether a special procedure stops the clock (行政许可法 art. 45)."""
    assert isinstance(fact, ClockStopped)
    kinds, notice_required = pack.stops
    if kinds is not None and fact.procedure not in kinds:
        return False
    return fact.notice_at is not None or not notice_required


def stop_spans(stops: Sequence[Stop], law: Law, closed_us: int | None) -> list[Move]:
    """Return the spans in which stops hold a clock, in order of their start."""
    moves: list[Move] = []
    for start, resume in stops:
        fact = start.fact
        assert isinstance(fact, ClockStopped)
        applied = fact.applied
        resumed_us = None if resume is None else resume.time_us
        end_us = stop_end(law.calendar, start.time_us, applied, resumed_us, closed_us)
        days = applied.amount if applied is not None and applied.unit in _DAYS else None
        moves.append(StopSpan(start.time_us, end_us, days))
    return moves


def counted_extensions(cycle: Cycle, pack: Pack, accepted: CaseAccepted | None) -> list[Extension]:
    """Return the extensions that count, in order: approved, not too many, not too long."""
    made: list[Extension] = []
    longest = longest_extension(pack, accepted)
    for known in cycle.extensions:
        fact = known.fact
        assert isinstance(fact, CaseExtended)
        if pack.extensions.approval_required and not is_approved(fact):
            continue
        if pack.extensions.most is not None and len(made) >= pack.extensions.most:
            break
        by = fact.by
        if longest is not None and by.unit == longest.unit and by.amount > longest.amount:
            by = longest
        made.append(Extension(known.time_us, by))
    return made


def longest_extension(pack: Pack, accepted: CaseAccepted | None) -> Limit | None:
    """Return the longest extension of a case of this handling type, if the pack knows one."""
    longest = pack.extensions.longest
    if not longest:
        return None
    kind = None if accepted is None else accepted.handling_type
    return longest.get(kind or "*") or longest.get("*")


def is_approved(fact: CaseExtended) -> bool:
    """Whether an extension names who approved it and why (行政许可法 art. 42)."""
    return bool((fact.approver_ref or "").strip()) and bool((fact.reason or "").strip())


def _special_procedures(
    part: str | None, cycle: Cycle, law: Law, now: Now
) -> Iterator[ClockVerdict]:
    """Yield the clock of each special procedure against the time applied for (特别程序时限)."""
    entry = cycle.opener.fact if cycle.acceptance is None else cycle.acceptance.fact
    done = cycle.completion
    ends_it = (
        done is not None
        and isinstance(done.fact, CaseCompleted)
        and done.fact.outcome in law.pack.stop_ended_by
    )
    for stop in cycle.stops:
        fact = stop.start.fact
        assert isinstance(fact, ClockStopped)
        if fact.applied is None:
            continue
        closer = stop.resume
        if closer is None and ends_it:
            closer = done
        limits = [granted("applied", fact.applied)]
        yield read_clock(
            "special-procedure-limit", part, stop.start, closer, limits, law, now, entry,
            facts=cycle,
        )  # fmt: skip


def stage_limits(cycle: Cycle, law: Law) -> dict[str, Limit]:
    """Return the limits of stages, each as accepted, else as the catalogue has it."""
    accepted = None if cycle.acceptance is None else cycle.acceptance.fact
    limits: dict[str, Limit] = {}
    if law.matter is not None:
        limits = {stage.name: stage.limit for stage in law.matter.stages if stage.limit is not None}
    if isinstance(accepted, CaseAccepted) and accepted.stage_limits is not None:
        limits |= accepted.stage_limits
    return limits


def _stages(part: str | None, cycle: Cycle, law: Law, now: Now) -> Iterator[ClockVerdict]:
    """Yield the clock of each stage that has a limit, the case's stops taken out (环节时限)."""
    limits = stage_limits(cycle, law)
    if not limits:
        return
    entry = cycle.opener.fact if cycle.acceptance is None else cycle.acceptance.fact
    closer = cycle.closer
    closed_us = None if closer is None else closer.time_us
    spans: list[tuple[Known, Known | None]] = []
    running: dict[str, int] = {}
    for known in cycle.handled:
        fact = known.fact
        if isinstance(fact, StageStarted):
            if fact.stage in limits and fact.stage not in running:
                running[fact.stage] = len(spans)
                spans.append((known, closer))
        elif isinstance(fact, StageFinished) and fact.stage in running:
            place = running.pop(fact.stage)
            spans[place] = (spans[place][0], known)
    for opener, closed_by in spans:
        fact = opener.fact
        assert isinstance(fact, StageStarted)
        stops = counted_stops(cycle, law.pack)
        facts = tuple(each for stop in stops for each in stop if each is not None)
        yield read_clock(
            "stage-limit", part, opener, closed_by, [granted("promised", limits[fact.stage])],
            law, now, entry, moves=stop_spans(stops, law, closed_us), facts=cycle,
            moved_by=facts,
        )  # fmt: skip


def _missing_materials(
    part: str | None,
    cycle: Cycle,
    accepted: CaseAccepted,
    facts: Sequence[Known],
    law: Law,
    now: Now,
) -> Iterator[ClockVerdict]:
    """Yield the clock of materials still owed after an acceptance under tolerance (容缺受理)."""
    missing = accepted.missing_materials
    if missing is None or missing.due is None:
        return
    since_us = cycle.opener.time_us
    received = next(
        (k for k in facts if k.time_us >= since_us and isinstance(k.fact, CorrectionReceived)), None
    )
    closer = cycle.closer
    if received is not None and (closer is None or received < closer):
        closer = received
    limits = [declared("promised", micros(missing.due), law)]
    yield read_clock(
        "missing-materials-limit", part, cycle.opener, closer, limits, law, now, accepted,
        facts=cycle,
    )  # fmt: skip
