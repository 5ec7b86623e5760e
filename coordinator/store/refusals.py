"""What went wrong at the database, in the words of the ports.

The one question is whether anything took effect. A database that answers with an error has taken everything back:
that is StoreUnavailable (again, later) or ValueError (never, with these values). A connection that breaks says nothing:
before the commit was sent nothing can have happened, afterwards the outcome is unknown.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from asyncpg import InterfaceError, InternalClientError, PostgresError

from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable

_BAD_VALUES = ("22", "23", "54")
"""SQLSTATE classes: data exceptions, violated constraints, limits of the program (nested too deep, too long)."""
_NO_ANSWERS = ("08", "40003", "57P")
"""Broken connections and servers that go down."""
_NO_SCHEMA = ("42", "3F")
"""Tables, columns or rights are missing."""


@dataclass(slots=True)
class Attempt:
    """One call to the database."""

    commit_sent: bool = False
    """From here on, a broken connection leaves the outcome unknown."""


@contextmanager
def translated() -> Generator[Attempt]:
    """Around a call to the database. Raises StoreUnavailable, OutcomeUnknown or ValueError for asyncpg's errors."""
    attempt = Attempt()
    try:
        yield attempt
    except PostgresError as error:
        if _state(error).startswith(_NO_ANSWERS):
            raise _broken(error, attempt) from error
        raise _refusal(error) from error
    except (OSError, EOFError) as error:  # TimeoutError is an OSError
        raise _broken(error, attempt) from error
    except (InterfaceError, InternalClientError) as error:
        if isinstance(error, ValueError):
            raise
        raise _broken(error, attempt) from error


def ends_session(error: PostgresError) -> bool:
    """It is no answer to a statement of a session that goes on: the session is over, or was before."""
    return getattr(error, "severity_en", None) != "ERROR"


def _broken(error: Exception, attempt: Attempt) -> StoreUnavailable | OutcomeUnknown:
    if attempt.commit_sent:
        return OutcomeUnknown(
            f"The connection to Postgres broke during a commit, which may have happened: {_words(error)}."
        )
    return StoreUnavailable(f"Postgres cannot be reached: {_words(error)}.")


def _refusal(error: PostgresError) -> StoreUnavailable | ValueError:
    state = _state(error)
    if state.startswith(_BAD_VALUES):
        return ValueError(f"Postgres refuses a value: {_words(error)} (SQLSTATE {state}).")
    if state.startswith(_NO_SCHEMA):
        return StoreUnavailable(
            f"The database's schema is not the one this release needs: {_words(error)}. Run 'amends db upgrade'."
        )
    return StoreUnavailable(f"Postgres refuses for now: {_words(error)} (SQLSTATE {state}).")


def _state(error: PostgresError) -> str:
    return getattr(error, "sqlstate", None) or ""


def _words(error: Exception) -> str:
    return (str(error).partition("\n")[0] or type(error).__name__).rstrip(".")
