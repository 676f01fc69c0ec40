"""无受理评价（体外循环）: a rating of a case without an acceptance."""

from ledger.case_events import AcceptanceRefused, CaseRated
from processors.supervision.rules.without_acceptance import without_acceptance

RULE = without_acceptance(
    "rating-without-acceptance",
    "无受理记录而有评价",
    "a rating of a case that nobody accepted or refused to accept",
    CaseRated,
    excused_by=(AcceptanceRefused,),
)
