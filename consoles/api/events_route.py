"""`POST /api/v1/events`: one event or a batch, answered by position, or by a problem for each.

A plain ASGI endpoint and not a framework route: the body is decoded by our codec alone, and is kept
no further than its bound.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consoles.api import batch_text
from consoles.api.awaiting import Reading, asked_to_wait, awaited
from consoles.api.body import ClientGone, Gate, Held, Oversized, read_body
from consoles.api.counters import Counters
from consoles.api.events_answer import batch_answer, record_of, single_answer
from consoles.api.intake import Intake, Letter, Refused, Result, reason_of, source_of
from consoles.api.media_type import check_media_type
from consoles.api.problems import problem_response, scope_language
from consoles.api.refusals import BodyTooLarge, EventsRefused, TooManyEvents
from ledger.errors import EventInvalid, HallError
from ledger.log import Appended

TOO_MANY, TOO_LARGE = "too-many-events", "body-too-large"
"""Reasons of dead letters that are whole bodies; a malformed one's reason is the codec's word."""


class EventsEndpoint:
    """Takes events over HTTP."""

    def __init__(
        self,
        intake: Intake,
        readers: Reading,
        gate: Gate,
        counters: Counters,
        *,
        body_max: int,
        events_max: int,
    ) -> None:
        """Hand valid events to `intake`; refuse bodies and batches over the bounds."""
        self._intake = intake
        self._readers = readers
        self._gate = gate
        self._counters = counters
        self._body_max = body_max
        self._events_max = events_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            with self._gate.admitted() as held:
                response = await self._answer(scope, receive, held)
        except ClientGone:
            return
        except HallError as error:
            self._counters.problems[error.code] += 1
            response = problem_response(error, scope_language(scope))
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, held: Held) -> Response:
        check_media_type(scope)
        client = scope.get("client")
        sender = f"http:{client[0]}" if client else "http"
        body = await read_body(receive, held, self._body_max)
        if isinstance(body, Oversized):
            raise await self._too_large(body, sender)
        values, batch = await self._parsed(body, sender)
        results = await self._intake.take(values)
        refused = {i: each for i, each in enumerate(results) if not isinstance(each, Appended)}
        if refused:
            await self._bury_refused(body, values, refused, sender, batch=batch)
        if batch:
            # Who gets no problem is asked for no language: that costs as much as an event.
            lang = scope_language(scope) if refused else "zh"
            response = batch_answer(values, results, lang)
            if response.status_code == 400:
                self._counters.problems[EventsRefused.code] += 1
            return await self._awaited(scope, response, results)
        (result,) = results
        if not isinstance(result, Appended):
            result.details["record"] = record_of(values[0])
            raise result
        return await self._awaited(scope, single_answer(result), results)

    async def _awaited(
        self, scope: Scope, response: Response, results: Sequence[Result]
    ) -> Response:
        """Hold an answer back until what was taken can be read, where the sender asks for that."""
        seconds = asked_to_wait(scope)
        places = [each.position for each in results if isinstance(each, Appended)]
        if not seconds or not places:
            return response
        return await awaited(response, places, self._readers, seconds)

    async def _parsed(self, body: bytes, sender: str) -> tuple[list[Any], bool]:
        """Parse a body; one that cannot be taken at all becomes one dead letter."""
        try:
            return await batch_text.parsed(body, self._events_max)
        except (EventInvalid, TooManyEvents) as error:
            reason = error.reason if isinstance(error, EventInvalid) else TOO_MANY
            letter = Letter(raw=body, source=sender, reason=reason, detail=error.message)
            await self._intake.bury([letter])
            raise

    async def _too_large(self, body: Oversized, sender: str) -> BodyTooLarge:
        extent = "" if body.whole else f"; the hash is of the first {body.size} bytes"
        detail = f"body: found {body.size} bytes, expected at most {self._body_max}{extent}."
        letter = Letter(raw=b"", source=sender, reason=TOO_LARGE, detail=detail, sha256=body.sha256)
        await self._intake.bury([letter])
        return BodyTooLarge(detail, field="(body)", limit=self._body_max, sha256=body.sha256)

    async def _bury_refused(
        self,
        body: bytes,
        values: Sequence[Any],
        refused: Mapping[int, Refused],
        sender: str,
        *,
        batch: bool,
    ) -> None:
        """Keep the original bytes of every event that was not taken."""
        raws = await batch_text.originals(body, refused) if batch else {0: body}
        letters = [
            Letter(
                raw=raws[index],
                source=source_of(values[index], sender),
                reason=reason_of(error),
                detail=error.message,
            )
            for index, error in refused.items()
        ]
        await self._intake.bury(letters)
