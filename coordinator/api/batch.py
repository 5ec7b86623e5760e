"""Many starts of one request: each is checked, handed in and answered by itself."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import structlog

from coordinator.api.bodies import decode_body
from coordinator.api.parts import Parts
from coordinator.api.problems import REFUSALS, problem_body, problem_of
from coordinator.api.starting import known_before, start_of
from coordinator.api.views import AcceptedBody, BatchAnswerBody, StartAnswerBody, StartBody, saga_path
from coordinator.errors import ProblemError

log = structlog.get_logger(__name__)
AT_ONCE = 1_000
"""Starts of one request that wait for their commit at once: enough to fill the batches in flight, and few enough that
nobody else's start waits behind all of them."""
_HANDFUL = 100
_SLICE_S = 0.005
"""The event loop is given back after so long."""
_decoder = msgspec.json.Decoder(StartBody)


class Batch:
    """Runs once."""

    def __init__(self, parts: Parts, starts: Sequence[msgspec.Raw], trace: str | None) -> None:
        """``trace`` is the client's traceparent: all of them join it."""
        self._parts = parts
        self._trace = trace
        self._count = len(starts)
        self._left = iter(enumerate(starts))
        self._answers: dict[int, StartAnswerBody] = {}
        self._retry_after_s: int | None = None
        self._until = 0.0

    async def run(self) -> BatchAnswerBody:
        """Returns when every start is kept for good, or refused."""
        async with asyncio.TaskGroup() as group:
            for number in range(min(self._count, AT_ONCE)):
                group.create_task(self._work())
                if number % _HANDFUL == 0:
                    await asyncio.sleep(0)
        answers = tuple([self._answers[index] for index in range(self._count)])
        outcomes = [answer.outcome for answer in answers]
        return BatchAnswerBody(
            outcomes.count("started"),
            outcomes.count("existing"),
            outcomes.count("refused"),
            self._retry_after_s,
            answers,
        )

    async def _work(self) -> None:
        """One after another, until none is left that nobody has taken."""
        for index, start in self._left:
            if time.perf_counter() > self._until:
                await asyncio.sleep(0)
                self._until = time.perf_counter() + _SLICE_S
            self._answers[index] = await self._answer(index, start)

    async def _answer(self, index: int, start: msgspec.Raw) -> StartAnswerBody:
        try:
            asked = decode_body(start, _decoder)
            saga, fact = start_of(self._parts, asked, asked.key, self._trace)
            view = await known_before(self._parts, saga, fact, await self._parts.intake.submit(saga, fact))
        except REFUSALS as error:
            return self._refused(index, problem_of(error))
        except Exception as error:
            log.exception("start_failed", index=index)
            return self._refused(index, problem_of(error))
        if view is not None:
            return StartAnswerBody("existing", AcceptedBody.of(view))
        return StartAnswerBody("started", AcceptedBody(saga, fact.definition, fact.version, "running", saga_path(saga)))

    def _refused(self, index: int, error: ProblemError) -> StartAnswerBody:
        if error.retry_after_s is not None:
            self._retry_after_s = max(error.retry_after_s, self._retry_after_s or 0)
        errors = tuple(
            one if one.pointer is None else replace(one, pointer=f"/starts/{index}{one.pointer}")
            for one in error.errors
        )
        return StartAnswerBody("refused", problem=problem_body(error, errors))
