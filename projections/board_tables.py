"""The tables of the warning board, column by column; their comments are the data dictionary.

They stand apart from the folds that fill them so that both can be read at a glance.
"""

from projections.rows import Column, Index, TableShape, count, integer, text

_VERSIONS = (
    text("pack", "Rule pack it was judged by"),
    text("pack_version", "Version of the rule pack"),
    text("calendar_version", "Version of the working calendar"),
)

CASES = TableShape(
    name="cases",
    form="rows",
    comment="One row for each case (办件), as it stands.",
    key=("subject",),
    columns=(
        text("subject", "Case id"),
        integer("partition", "Partition of the log its records lie in"),
        text("matter", "Matter (事项) code"),
        text("hall", "Hall code"),
        text("department", "Department answerable for the limits"),
        text("handling_type", "Handling type: immediate 即办, promised 承诺, joint 联办, …"),
        text("channel", "Channel it came by"),
        text("clerk_ref", "Reference of the clerk who accepted it"),
        text("phase", "received, correction, accepted, stopped, completed or refused"),
        integer("received_us", "First receipt (收件)"),
        integer("accepted_us", "Acceptance (受理) of the present cycle"),
        integer("completed_us", "Completion (办结) of the present cycle"),
        integer("refused_us", "Refusal of acceptance (不予受理)"),
        text("outcome", "Outcome of the completion"),
        count("reopened", "How often it was accepted again after a completion"),
        integer(
            "promised_due_us", "Last instant of the promised limit (承诺时限); absent while stopped"
        ),
        integer(
            "statutory_due_us",
            "Last instant of the statutory limit (法定时限); absent while stopped",
        ),
        count("provisional", "1 if a limit rests on days nobody has published yet"),
        count("level", "Highest card standing: 0 none, 1 warning 预警, 2 yellow 黄牌, 3 red 红牌"),
        count("warning_standing", "Warnings standing"),
        count("yellow_standing", "Yellow cards standing"),
        count("red_standing", "Red cards standing"),
        count("anomalies", "Anomalies (异常) found"),
        count("suspended", "1 while judging is suspended (暂停判定)"),
        integer("rating", "Last rating (好差评): 1 very satisfied … 5 very dissatisfied"),
        text("timeline", "Name of the import it belongs to; absent for live cases"),
        integer("changed_us", "When the ledger learned of the last change of this row"),
        integer("correction_requested_us", "Last notice of correction (补正告知)"),
        integer("correction_received_us", "Last receipt of corrections (补正受理)"),
        text("accepted_ref", "source#id of the acceptance the row describes"),
        text("cycle", "source#id of the acceptance that opened the present cycle, as judged"),
        text("completed_ref", "source#id of the first completion of the case that was told"),
        integer("told_completed_us", "Its instant; shown where supervision has judged nothing"),
        text("told_outcome", "Its outcome; shown where supervision has judged nothing"),
    ),
    indexes=(
        Index(("phase", "hall", "department", "timeline", "level")),
        Index(("level", "hall", "department"), "level > 0"),
    ),
)

CASE_LIMITS = TableShape(
    name="case_limits",
    form="rows",
    comment="One row for each clock and cycle of a case: its limits as last set (时限核定).",
    key=("subject", "part", "clock", "cycle"),
    columns=(
        text("subject", "Case id"),
        text("part", "Part of a joint case; empty for the case itself"),
        text("clock", "Clock, e.g. handling"),
        text("cycle", "source#id of the fact that opened the cycle"),
        integer("partition", "Partition of the log"),
        text("hall", "Hall code"),
        text("department", "Department answerable"),
        text("matter", "Matter code"),
        integer("opened_us", "When the clock opened"),
        integer("promised_due_us", "Last instant of the promised limit; absent while stopped"),
        integer("statutory_due_us", "Last instant of the statutory limit; absent while stopped"),
        integer("applied_due_us", "End of the time applied for, of a special procedure"),
        integer("warning_us", "Instant at which a warning is reached if nothing changes"),
        integer("yellow_us", "Instant at which a yellow card is reached if nothing changes"),
        integer("red_us", "Instant at which a red card is reached if nothing changes"),
        count("stopped", "1 while the clock is stopped (停表)"),
        integer("stop_until_us", "When the time applied for runs out; absent unless stopped"),
        count("provisional", "1 if it rests on days nobody has published yet"),
        count("closed", "1 once the case, or its part, is settled, or the clock is closed"),
        integer("closed_us", "When it was completed, or the clock was closed"),
        text("outcome", "Outcome of the completion"),
        *_VERSIONS,
        text("timeline", "Name of the import; absent for live cases"),
    ),
    indexes=tuple(
        Index((name,), "closed = 0 AND stopped = 0 AND timeline IS NULL")
        for name in ("warning_us", "yellow_us", "red_us", "promised_due_us", "statutory_due_us")
    ),
)

_LIMITS: tuple[Column, ...] = (
    integer("promised_amount", "Promised limit as granted"),
    text("promised_unit", "Unit of the promised limit"),
    integer("promised_due_us", "Last instant of the promised limit when the card was issued"),
    integer("statutory_amount", "Statutory limit as granted"),
    text("statutory_unit", "Unit of the statutory limit"),
    integer("statutory_due_us", "Last instant of the statutory limit when the card was issued"),
    integer("applied_amount", "Time applied for of a special procedure"),
    text("applied_unit", "Unit of the time applied for"),
    integer("applied_due_us", "End of the time applied for when the card was issued"),
    integer("used_us", "Time used when the card was issued, in µs of the limit's own time"),
    integer("stopped_us", "Time not counted"),
    integer("overdue_us", "Time beyond the limit"),
)

CARDS = TableShape(
    name="cards",
    form="rows",
    comment="One row for each card (牌) ever issued, with its state.",
    key=("subject", "card_id"),
    columns=(
        text("subject", "Case id"),
        text("card_id", "Card id"),
        integer("partition", "Partition of the log"),
        integer("log_offset", "Offset of the record that issued it"),
        integer("changed_offset", "Offset of the record that last changed it"),
        text("level", "Level as issued: warning 预警, yellow 黄牌, red 红牌"),
        integer("level_code", "1 warning, 2 yellow, 3 red"),
        count(
            "standing",
            "Level code that stands now: 0 if taken back or waiting, one less if downgraded",
        ),
        count("is_highest", "1 if live and no higher card of the same clock and rule stands"),
        text(
            "state",
            "waiting, issued, signed, explained, appealed, upheld, downgraded, revoked, rescinded "
            "or closed",
        ),
        count("live", "1 unless rescinded or revoked"),
        text("rule", "Rule"),
        text("clock", "Clock it belongs to"),
        text("cycle", "Cycle it belongs to"),
        text("part", "Part of a joint case"),
        integer("effective_us", "First instant at which the threshold was exceeded"),
        integer("detected_us", "Instant at which it was judged"),
        integer("time_us", "Time of the finding; cards are counted by its local day"),
        integer("recorded_us", "When the ledger took it in"),
        text("hall", "Hall code"),
        text("department", "Department answerable"),
        text("matter", "Matter code"),
        text("clerk_ref", "Reference of the clerk answerable"),
        text("stage", "Stage (环节) answerable"),
        *_LIMITS,
        text("basis", "Legal basis"),
        *_VERSIONS,
        text("mode", "auto, or confirm where a person must confirm it"),
        count("by_hand", "1 if a person issued it (人工发牌)"),
        integer("rescinded_us", "When supervision took it back (撤牌)"),
        text("rescind_reason", "late_evidence or amendment"),
        integer("confirmed_us", "When a person confirmed it"),
        integer("signed_us", "When the department signed (签收)"),
        integer("explained_us", "When the department explained (说明)"),
        integer("appealed_us", "When the department appealed (申诉)"),
        integer("decided_us", "When the appeal was decided"),
        text("decision", "upheld, downgraded or revoked"),
        integer("closed_us", "When it was closed (销号)"),
        count("superintended", "1 once a formal order was given (督办)"),
        text("rectification", "ordered, then rectified (整改)"),
        text("measure", "Last measure of accountability (问责)"),
        text("timeline", "Name of the import; absent for live cases"),
    ),
    indexes=(
        Index(("card_id",)),
        Index(("recorded_us", "partition", "log_offset")),
        Index(("partition", "changed_offset")),
        Index(("hall", "department", "level"), "live = 1"),
    ),
)

CARD_DAYS = TableShape(
    name="card_days",
    form="counters",
    comment="Cards issued, taken back and revoked by hall, department and local day.",
    key=("partition", "hall", "department", "day"),
    columns=(
        integer("partition", "Partition of the log"),
        text("hall", "Hall code; empty where none is known"),
        text("department", "Department code; empty where none is known"),
        text("day", "Local day of the hall, e.g. 2026-11-24"),
        *(
            count(f"{level}_{what}", f"{level} cards {what} that day")
            for what in ("issued", "rescinded", "revoked")
            for level in ("warning", "yellow", "red")
        ),
    ),
    indexes=(Index(("day",)),),
)
