"""无受理送达（体外循环）: a delivery in a case without an acceptance."""

from ledger.case_events import ResultDelivered
from processors.supervision.rules.without_acceptance import without_acceptance

RULE = without_acceptance(
    "delivery-without-acceptance",
    "无受理记录而送达",
    "a result delivered in a case that nobody accepted",
    ResultDelivered,
)
