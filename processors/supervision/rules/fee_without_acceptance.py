"""无受理收费（体外循环）: a fee charged or paid in a case without an acceptance."""

from ledger.case_events import FeeCharged, FeePaid
from processors.supervision.rules.without_acceptance import without_acceptance

RULE = without_acceptance(
    "fee-without-acceptance",
    "无受理记录而收费",
    "a fee charged or paid in a case that nobody accepted",
    FeeCharged,
    FeePaid,
)
