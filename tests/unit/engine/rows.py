"""What a row of the replay matrix is: one awaitable, as a body that a saga awaits before its last step."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coordinator.saga import SagaDefinition, Signal, Update, saga
from tests.sagas import SagaDriver, Shop
from tests.unit.engine.desk import Desk

Act = Callable[[SagaDriver], Any]
Body = Callable[..., Awaitable[Any]]
"""Takes the shop; and the input `passed`, the desk, the signal `note` or the update `ask`, if it has parameters."""


@dataclass(frozen=True)
class Row:
    """One awaitable."""

    name: str
    definition: SagaDefinition
    asks: Sequence[str]
    """Commands sent at first."""
    answers: Sequence[Act]
    result: Any
    after: Sequence[Act]
    """What is still to come when the code has returned."""


class Rows(list[Row]):
    """Some of the matrix."""

    def row(self, *asks: str, answers: Sequence[Act], result: Any, after: Sequence[Act] = ()) -> Callable[[Body], Body]:
        """One more: its body is decorated."""

        def add(body: Body) -> Body:
            wanted = inspect.signature(body).parameters

            @saga(version=1, name="row")
            async def row(passed: Any, shop: Shop, desk: Desk, note: Signal[str], ask: Update[str, str]) -> Any:
                given = {"passed": passed, "desk": desk, "note": note, "ask": ask}
                result = await body(shop, **{name: each for name, each in given.items() if name in wanted})
                await shop.look("last")
                return result

            self.append(Row(body.__name__, row, asks, answers, result, after))
            return body

        return add


def succeeds(step: int | str, result: Any) -> Act:
    """The step is answered."""
    return lambda saga: saga.succeeds(step, result)


def passes(ms: int) -> Act:
    """Time goes by."""
    return lambda saga: saga.passes(ms)


def signals(value: str) -> Act:
    """Somebody sends the signal `note`."""
    return lambda saga: saga.signals("note", value)


def updates(value: str) -> Act:
    """Somebody sends the update `ask`, and it is taken in."""
    return lambda saga: _taken_in(saga.updates("ask", value))


def _taken_in(saga: SagaDriver) -> None:
    assert saga.accepted, saga.verdict
