"""The rules a pack may switch on, by name.

Each rule is a name with a meaning and, where it is no time rule, a module of its own beside this.
Time rules are read by `judge.py` from the thresholds of the pack; they need no code.
"""

RULES: dict[str, str] = {
    "handling-limit": "办件时限: the handling clock reaches a threshold of one of its limits.",
}
"""Time rules: name → meaning."""

ANOMALIES: dict[str, str] = {
    "handling-without-acceptance": "办件无受理记录: handled or completed, no acceptance known.",
    "repeated-acceptance": "重复受理: a second acceptance in an open cycle; it changes nothing.",
    "repeated-completion": "重复办结: a second completion of a closed cycle; it changes nothing.",
    "event-after-completion": "办结后仍有办理记录: handling goes on after the completion.",
    "stop-without-limit": "特别程序未注明期限: a stop that says no length; its credit has no cap.",
    "resumption-without-stop": "特别程序结束无开始: a resumption that closes no stop.",
    "future-time": "时间超前: the fact's time lies after the instant it was recorded.",
    "late-evidence": "迟报: a fact that came late changes what stood.",
    "amendment-unusable": "更正无法适用: a replacement that gives no valid fact.",
    "verdict-differs": "判定不一致: the rules as they are now disagree with a card that stands.",
}
"""Anomalies that the core names; they are for a person to look at and never cards by themselves."""
