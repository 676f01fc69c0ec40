"""无受理出证（体外循环）: a certificate of a case without an acceptance."""

from ledger.case_events import CertificateIssued
from processors.supervision.rules.without_acceptance import without_acceptance

RULE = without_acceptance(
    "certificate-without-acceptance",
    "无受理记录而出证",
    "a certificate issued in a case that nobody accepted",
    CertificateIssued,
)
