"""Waiting for a saga's answer to an update on behalf of a client."""

from typing import assert_never
from urllib.parse import quote

from starlette.responses import Response

from contracts.failures import Problem
from coordinator.api.answers import json_answer
from coordinator.api.histories import ROWS, events_of
from coordinator.api.parts import Parts
from coordinator.api.paths import known_saga
from coordinator.api.signalling import refused
from coordinator.api.starting import known_before
from coordinator.api.telling import refusal_of
from coordinator.api.views import SAFE, UpdateBody, saga_path
from coordinator.api.waiting import Awaited
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Accepted, Known, Start, Update, Verdict
from coordinator.errors import SAGA_CONFLICT, ProblemError
from coordinator.history.endings import SagaTerminated
from coordinator.history.events import Event
from coordinator.history.followed import FollowedUpdate
from coordinator.history.undos import CompensationStarted
from coordinator.history.updates import UpdateAnswered, UpdateRefused
from coordinator.runtime.ports import StoreUnavailable

DEFAULT_WAIT_S = 3.0
"""For whoever does not say how long: an update is sent for its answer."""


class AwaitedUpdate(Awaited[FollowedUpdate]):
    """The answer to an update, or what keeps it from coming."""

    __slots__ = ("_after", "update")

    def __init__(self, parts: Parts, saga_id: str, id: str) -> None:
        super().__init__(parts, saga_id)
        self.update = FollowedUpdate(id)
        self._after = 0
        """All rows up to this one were heard, or came before the update."""

    @property
    def _seen(self) -> bool:
        return self.update.outcome is not None

    def _decided(self, decision: Decision) -> None:
        came = bool(self.update.name)
        for event in decision.events:
            self.update.hear(event)
        if decision.seq == self._after + 1 or (self.update.name and not came):
            self._after = decision.seq
        if self._seen:
            self._wake()

    async def look(self) -> FollowedUpdate | None:
        """The saga's history says so."""
        try:
            while rows := await self._parts.sagas.history(self._saga_id, self._after, ROWS):
                for row in rows:
                    for event in events_of(self._saga_id, row):
                        self.update.hear(event)
                    self._after = row.seq
        except StoreUnavailable:
            return None
        return self.update if self._seen else None

    async def _found(self) -> FollowedUpdate | None:
        return self.update


async def ask(parts: Parts, saga_id: str, fact: Update | Start, update: Update, wait_s: float | None) -> Response:
    """Hands in the update, by itself or with a start, and answers as the saga does. Raises ProblemError."""
    granted_s = DEFAULT_WAIT_S if wait_s is None else wait_s
    with AwaitedUpdate(parts, saga_id, update.id) as awaited:
        verdict = await parts.intake.submit(saga_id, fact)
        match verdict:
            case Accepted():
                await awaited.within(granted_s)
            case Known():
                _ = await awaited.look() or await awaited.within(granted_s)
            case _:
                raise await _refusal(parts, saga_id, fact, verdict)
    body = update_body(saga_id, update.name, awaited.update)
    headers = {"Location": body.href}
    if wait_s is not None:
        headers["Preference-Applied"] = f"wait={wait_s:g}"
    match body.status:
        case "answered":
            return json_answer(body, 200, headers)
        case "accepted":
            return json_answer(body, 202, headers)
        case "refused" | "lost":
            problem = body.problem
            assert problem is not None, "a no has its reason"
            if body.status == "refused":
                raise refused(problem)
            why = (problem.message or problem.type).rstrip(".")
            detail = f"The saga did not answer the update: {why}."
            raise ProblemError(SAGA_CONFLICT, detail, refusal=problem)
        case _:
            assert_never(body.status)


async def _refusal(parts: Parts, saga_id: str, fact: Update | Start, verdict: Verdict) -> ProblemError:
    assert not isinstance(verdict, Accepted | Known), "it was taken in"
    if isinstance(fact, Start):
        await known_before(parts, saga_id, fact, verdict)
    await known_saga(parts, saga_id)
    return refusal_of(verdict, "update")


def update_body(saga_id: str, name: str, update: FollowedUpdate) -> UpdateBody:
    """What is known of it."""
    outcome = update.outcome
    href = f"{saga_path(saga_id)}/updates/{name}/{quote(update.id, safe=SAFE)}"
    match outcome:
        case None:
            return UpdateBody(saga_id, name, update.id, "accepted", href, None, None)
        case UpdateAnswered(answer=answer):
            return UpdateBody(saga_id, name, update.id, "answered", href, answer, None)
        case UpdateRefused(problem=problem):
            return UpdateBody(saga_id, name, update.id, "refused", href, None, problem)
        case _:
            return UpdateBody(saga_id, name, update.id, "lost", href, None, _why_lost(outcome))


def _why_lost(outcome: Event) -> Problem:
    match outcome:
        case CompensationStarted(cause=cause):
            return cause
        case SagaTerminated(reason=reason):
            return Problem("terminated", reason)
        case _:
            return Problem("saga_ended", "The saga ended before it answered.")
