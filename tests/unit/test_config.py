"""Settings from the environment."""

import os

import pytest

from coordinator.config import PREFIX, Settings, SetupError, masked_url, origins, read_settings, refuse_unknown_names


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but the test's own."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable sets what it is named after."""
    monkeypatch.setenv("AMENDS_BATCH_SAGAS", "7")
    assert read_settings().batch_sagas == 7


def test_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable leaves the default."""
    monkeypatch.setenv("AMENDS_HTTP_PORT", "")
    assert read_settings().http_port == 7780


@pytest.mark.parametrize("value", ["many", "0", "-1"])
def test_unfit(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A value that does not fit is refused with the variable's name and the value."""
    monkeypatch.setenv("AMENDS_BATCH_SAGAS", value)
    with pytest.raises(SetupError, match=f"AMENDS_BATCH_SAGAS is '{value}': "):
        read_settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("AMENDS_KAFKA_BOOTSRAP", "did you mean AMENDS_KAFKA_BOOTSTRAP?"),
        ("AMENDS_FAILPOINT", "did you mean AMENDS_FAILPOINTS?"),
        ("AMENDS_XYZZY", "`amends config` lists"),
    ],
)
def test_unknown(name: str, hint: str) -> None:
    """A name that means nothing is refused, with the one that was meant."""
    with pytest.raises(SetupError) as refused:
        refuse_unknown_names({name: "1"})
    assert hint in str(refused.value)


def test_names_read_elsewhere() -> None:
    """Variables of other parts are no mistakes."""
    refuse_unknown_names(
        {"AMENDS_HOME": "/x", "AMENDS_FAILPOINTS": "", "AMENDS_PARTICIPANT_DATABASE_URL": "", "PATH": ""}
    )


def test_every_setting_says_what_it_means() -> None:
    """No setting is without a sentence."""
    assert [one.name for one in origins(Settings()) if not one.meaning.endswith(".")] == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:lovelace@db/amends", "postgresql://ada:***@db/amends"),
        ("postgresql://ada:p@ss/w:rd@db/amends", "postgresql://ada:***@db/amends"),
        ("postgresql://db:5432/amends", "postgresql://db:5432/amends"),
        ("postgresql:///amends?user=ada&password=lovelace&x=1", "postgresql:///amends?user=ada&password=***&x=1"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    """No password is shown."""
    assert masked_url(url) == shown
