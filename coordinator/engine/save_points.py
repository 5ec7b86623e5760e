"""The scopes of one run of a saga's code: what lies in which, and who waits until one is undone."""

import asyncio


class SavePoints:
    """Numbered from 1 in the order in which the code opened them."""

    __slots__ = ("_steps", "_waiting", "_within")

    def __init__(self) -> None:
        self._within: dict[int, int | None] = {}
        self._steps: dict[int, int] = {}
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}

    def open(self, within: int | None) -> int:
        """A new one; returns its number."""
        scope = len(self._within) + 1
        self._within[scope] = within
        return scope

    def put(self, step: int, scope: int) -> None:
        """The step was asked for in this scope."""
        self._steps[step] = scope

    def holds(self, scope: int, step: int) -> bool:
        """Whether the step was asked for in the scope, or in one within."""
        inner = self._steps.get(step)
        while inner is not None and inner != scope:
            inner = self._within[inner]
        return inner is not None

    def go_back(self, scope: int) -> None:
        """It is being undone from here on."""
        self._waiting[scope] = []

    def goes_back(self, scope: int) -> bool:
        """Whether it is being undone."""
        return scope in self._waiting

    def wait(self, scope: int, future: "asyncio.Future[None]") -> None:
        """The future is done when nothing is left of it."""
        self._waiting[scope].append(future)

    def undone(self, scope: int) -> None:
        """Nothing is left of it."""
        for each in self._waiting.pop(scope, []):
            if not each.done():
                each.set_result(None)


NO_SAVE_POINTS = SavePoints()
"""Those of all runs that have none, never changed."""
