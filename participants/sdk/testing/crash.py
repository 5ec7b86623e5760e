"""Kills a participant's transaction at a chosen point, as a crash of its process would."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

COMMIT = "the commit"


class Crashed(BaseException):
    """The process is gone. Not an Exception: nothing may catch it and go on."""


class Crash:
    """Counts statements and commits of one engine; before the one of number ``at`` (from 0) everything ends."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.points: list[str] = []
        """What was about to be done, in order."""
        self.fired = False

    def _reach(self, what: str) -> None:
        if self.fired:
            raise Crashed  # whoever goes on after the end goes nowhere
        self.points.append(what)
        if self.at == len(self.points) - 1:
            self.fired = True
            raise Crashed

    @contextmanager
    def armed(self, engine: AsyncEngine) -> Generator[None]:
        """While this lasts, statements and commits through the engine count."""

        def before_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self._reach(statement)

        def before_commit(connection: Any) -> None:
            try:
                self._reach(COMMIT)
            except Crashed:
                connection.connection.rollback()  # as the server does; SQLAlchemy holds it for committed
                raise

        event.listen(engine.sync_engine, "before_cursor_execute", before_statement)
        event.listen(engine.sync_engine, "commit", before_commit)
        try:
            yield
        finally:
            event.remove(engine.sync_engine, "before_cursor_execute", before_statement)
            event.remove(engine.sync_engine, "commit", before_commit)
