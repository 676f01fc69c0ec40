"""The rules about procedure and truthfulness, a module each; and what the core names by itself."""

from typing import NamedTuple

from processors.supervision.rules import (
    certificate_without_acceptance,
    completed_before_accepted,
    completed_before_parts,
    correction_before_notice,
    correction_to_and_fro,
    correction_without_list,
    delivery_without_acceptance,
    extension_after_expiry,
    extension_too_long,
    extension_without_approval,
    fee_missing,
    fee_other_than_basis,
    fee_though_free,
    fee_without_acceptance,
    handled_before_acceptance,
    instant_completion,
    materials_incomplete,
    outcome_without_reason,
    promise_beyond_statute,
    rating_says_overdue,
    rating_without_acceptance,
    refusal_without_reason,
    repeated_correction_notice,
    repeated_transfer,
    reply_without_dispatch,
    result_before_application,
    resumed_after_promise,
    second_extension,
    stage_count_differs,
    stage_out_of_order,
    stop_after_expiry,
    stop_near_limit,
    stop_not_listed,
    stop_without_notice,
    tolerance_beyond_promise,
)
from processors.supervision.rules.rule import Rule

_MODULES = (
    certificate_without_acceptance,
    completed_before_accepted,
    completed_before_parts,
    correction_before_notice,
    correction_to_and_fro,
    correction_without_list,
    delivery_without_acceptance,
    extension_after_expiry,
    extension_too_long,
    extension_without_approval,
    fee_missing,
    fee_other_than_basis,
    fee_though_free,
    fee_without_acceptance,
    handled_before_acceptance,
    instant_completion,
    materials_incomplete,
    outcome_without_reason,
    promise_beyond_statute,
    rating_says_overdue,
    rating_without_acceptance,
    refusal_without_reason,
    repeated_correction_notice,
    repeated_transfer,
    reply_without_dispatch,
    result_before_application,
    resumed_after_promise,
    second_extension,
    stage_count_differs,
    stage_out_of_order,
    stop_after_expiry,
    stop_near_limit,
    stop_not_listed,
    stop_without_notice,
    tolerance_beyond_promise,
)

RULES: dict[str, Rule] = {module.RULE.name: module.RULE for module in _MODULES}
"""Rules a pack may switch on, by name."""


class Anomaly(NamedTuple):
    """What the core names by itself: one sentence in each language."""

    meaning: str
    meaning_en: str


ANOMALIES: dict[str, Anomaly] = {
    "handling-without-acceptance": Anomaly(
        "办件无受理记录：有办理或办结，不知其受理",
        "handled or completed, and no acceptance is known",
    ),
    "repeated-acceptance": Anomaly(
        "重复受理：未办结又受理，不改变计时",
        "a second acceptance in an open cycle; it changes nothing",
    ),
    "repeated-completion": Anomaly(
        "重复办结：已办结又办结，不改变计时",
        "a second completion of a closed cycle; it changes nothing",
    ),
    "event-after-completion": Anomaly(
        "办结后仍有办理记录", "handling that goes on after the completion"
    ),
    "stop-without-limit": Anomaly(
        "特别程序未注明期限：扣除的时间没有上限",
        "a special procedure that says no length; its credit has no cap",
    ),
    "resumption-without-stop": Anomaly(
        "特别程序有结束、无开始", "the end of a special procedure that was never begun"
    ),
    "future-time": Anomaly(
        "时间超前：发生时间晚于入账时间",
        "a time that lies after the instant at which the fact was recorded",
    ),
    "late-evidence": Anomaly(
        "迟报：迟到的记录改变了原结论", "a fact that came late changes what stood"
    ),
    "amendment-unusable": Anomaly(
        "更正无法适用：更正后的内容不是有效的事实", "an amendment that gives no valid fact"
    ),
    "verdict-differs": Anomaly(
        "判定不一致：按现行规则判定，与已发的牌不同",
        "the rules as they are now disagree with a card that stands",
    ),
}
"""Anomalies that the core names; they are for a person to look at and never cards by themselves."""
