"""Reads by key, gathered: what is asked while one query is under way is answered together by the next."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")

MOST_KEYS = 1_000
"""Keys in one query."""


class Gathered(Generic[V]):
    """A read of one key that costs a query of its own only when nobody else reads. It waits for nothing to gather."""

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[Mapping[str, V]]]) -> None:
        self._read = read
        self._waiting: dict[str, list[asyncio.Future[V | None]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, key: str) -> V | None:
        """The value, as it stands after the call began; None when there is none. Raises what the read raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._reading is None:
            self._reading = asyncio.create_task(self._answer_all())
        return await answer

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:MOST_KEYS]
                await self._answer({key: self._waiting.pop(key) for key in keys})
        finally:
            self._reading = None

    async def _answer(self, asked: dict[str, list[asyncio.Future[V | None]]]) -> None:
        answers = [(key, answer) for key, waiting in asked.items() for answer in waiting]
        try:
            found = await self._read(list(asked))
        except BaseException as error:
            for _, answer in answers:
                if not answer.done():
                    answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for key, answer in answers:
            if not answer.done():
                answer.set_result(found.get(key))
