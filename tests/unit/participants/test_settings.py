"""A participant's settings come from its environment."""

import pytest

from contracts.topics import Topics
from participants.flights import flights
from participants.sdk.run import find
from participants.sdk.settings import Settings, SettingsError

KAFKA = {"AMENDS_KAFKA_BOOTSTRAP": "localhost:9092"}


def test_defaults() -> None:
    """Only Kafka has to be named."""
    assert Settings.read(KAFKA) == Settings("localhost:9092", Topics("amends"), None, None, 6_000, 100)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_the_driver_is_the_sdks(scheme: str) -> None:
    """Whatever the address says."""
    settings = Settings.read({**KAFKA, "AMENDS_PARTICIPANT_DATABASE_URL": f"{scheme}://me@host/flights"})
    assert settings.database_url == "postgresql+asyncpg://me@host/flights"


@pytest.mark.parametrize("number", [1, 10_000])
def test_so_many_handlers_that_take_long_run_at_once(number: int) -> None:
    """Each process has a number of its own."""
    assert Settings.read({**KAFKA, "AMENDS_PARTICIPANT_LONG_HANDLERS": f"{number}"}).long_handlers == number


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "Set AMENDS_KAFKA_BOOTSTRAP"),
        ({**KAFKA, "AMENDS_PARTICIPANT_DATABASE_URL": "mysql://me:secret@host/x"}, "begins with 'mysql'"),
        ({**KAFKA, "AMENDS_PARTICIPANT_SESSION_TIMEOUT_MS": "6s"}, "whole milliseconds"),
        (
            {**KAFKA, "AMENDS_PARTICIPANT_LONG_HANDLERS": "many"},
            "LONG_HANDLERS is 'many': give a whole number from 1 to",
        ),
        ({**KAFKA, "AMENDS_PARTICIPANT_LONG_HANDLERS": "0"}, "a whole number from 1 to 10000"),
        ({**KAFKA, "AMENDS_PARTICIPANT_LONG_HANDLERS": "10001"}, "a whole number from 1 to 10000"),
        ({**KAFKA, "AMENDS_PARTICIPANT_LONG_HANDLERS": ""}, "a whole number from 1 to 10000"),
    ],
)
def test_what_is_missing_or_wrong_is_said(environment: dict[str, str], sentence: str) -> None:
    """Without showing a password."""
    with pytest.raises(SettingsError) as raised:
        Settings.read(environment)
    assert sentence in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_participant_is_found_by_name_or_by_its_place() -> None:
    """What ``amends participant run`` takes."""
    assert find("flights") is flights
    assert find("participants.flights.handlers:flights") is flights


@pytest.mark.parametrize("name", ["trains", "participants.flights:trains", "participants.flights:ledger"])
def test_what_is_no_participant_is_not_found(name: str) -> None:
    """The sentence names what was looked for."""
    with pytest.raises(LookupError, match=name.partition(":")[2] or name):
        find(name)
