"""How asyncpg's errors become those of the ports."""

import asyncpg
import pytest

from coordinator.runtime.ports import OutcomeUnknown, StoreUnavailable
from coordinator.store.refusals import translated

TAKEN_BACK = [
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.UndefinedTableError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidPasswordError,
    asyncpg.PostgresIOError,
]
NEVER_WITH_THIS = [
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.InvalidTextRepresentationError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.CheckViolationError,
    asyncpg.UniqueViolationError,
    asyncpg.StatementTooComplexError,
    asyncpg.ProgramLimitExceededError,
]
BROKEN = [
    asyncpg.ConnectionDoesNotExistError("closed in the middle of operation"),
    asyncpg.ConnectionFailureError("failed"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.CrashShutdownError("terminating connection"),
    asyncpg.CannotConnectNowError("starting up"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("unexpected"),
    ConnectionResetError(),
    TimeoutError(),
    OSError("no route"),
]


@pytest.mark.parametrize("commit_sent", [False, True])
@pytest.mark.parametrize("kind", TAKEN_BACK)
def test_an_answered_error_took_everything_back(kind: type[asyncpg.PostgresError], commit_sent: bool) -> None:
    """Whenever it came: try again later."""
    with pytest.raises(StoreUnavailable, match=r"\.$"):
        fail(kind("no"), commit_sent)


@pytest.mark.parametrize("kind", NEVER_WITH_THIS)
def test_a_refused_value_is_a_value_error(kind: type[asyncpg.PostgresError]) -> None:
    """Trying again would be in vain."""
    with pytest.raises(ValueError, match="refuses a value"):
        fail(kind("no"), True)


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_broken_before_the_commit_was_sent(error: Exception) -> None:
    """Nothing can have taken effect."""
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        fail(error, False)


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_broken_after_the_commit_was_sent(error: Exception) -> None:
    """It may have taken effect, whatever was said last."""
    with pytest.raises(OutcomeUnknown, match="may have happened"):
        fail(error, True)


def test_other_errors_pass() -> None:
    """A bug of ours does not look like an outage."""
    with pytest.raises(KeyError):
        fail(KeyError("bug"), True)


def fail(error: Exception, commit_sent: bool) -> None:
    """A call to the database that ends like this."""
    with translated() as attempt:
        attempt.commit_sent = commit_sent
        raise error
