"""What people do with a card (牌的处置): the families `hall.card.*`, with the case as subject."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.fact import Fact, fact
from ledger.findings import CardIssuedByHand


@dataclass(frozen=True, slots=True, kw_only=True)
class _CardAct(Fact):
    """What every act names: the card, and who acted (a reference, never a name)."""

    card_id: str
    actor_ref: str
    text: str | None = None


@fact("hall.card.confirmed.v1")
class CardConfirmed(_CardAct):
    """A card that waited for a person is confirmed (人工确认)."""


@fact("hall.card.signed.v1")
class CardSigned(_CardAct):
    """签收: the department has taken note; this is not silence."""


@fact("hall.card.explained.v1")
class CardExplained(_CardAct):
    """说明."""

    proof_ref: str | None = None


@fact("hall.card.appealed.v1")
class CardAppealed(_CardAct):
    """申诉: the department contests the card."""

    proof_ref: str | None = None


@fact("hall.card.appeal-decided.v1")
class CardAppealDecided(_CardAct):
    """申诉处理: upheld 维持, downgraded 降级 or revoked 撤销."""

    decision: Literal["upheld", "downgraded", "revoked"]
    proof_ref: str | None = None


@fact("hall.card.superintended.v1")
class CardSuperintended(_CardAct):
    """督办: a formal order."""

    due: datetime | None = None


@fact("hall.card.rectification-ordered.v1")
class RectificationOrdered(_CardAct):
    """责令整改: the department is to put right what the card found."""

    due: datetime | None = None


@fact("hall.card.rectified.v1")
class CardRectified(_CardAct):
    """整改完成."""

    proof_ref: str | None = None


@fact("hall.card.held-accountable.v1")
class HeldAccountable(_CardAct):
    """问责: a rung of the ladder of measures."""

    measure: str | None = None


@fact("hall.card.closed.v1")
class CardClosed(_CardAct):
    """销号."""

    proof_ref: str | None = None


CardFact = (
    CardConfirmed
    | CardSigned
    | CardExplained
    | CardAppealed
    | CardAppealDecided
    | CardSuperintended
    | RectificationOrdered
    | CardRectified
    | HeldAccountable
    | CardClosed
    | CardIssuedByHand
)
