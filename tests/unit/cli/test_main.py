"""``amends`` itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coordinator.cli.main import app
from coordinator.config import PREFIX

HEAVY = ("fastapi", "httpx", "sqlalchemy", "aiokafka", "asyncpg", "pydantic", "alembic")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``amends`` as a process of its own, with no settings but these."""
    command = [sys.executable, "-m", "coordinator.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_version() -> None:
    """The version is one line of data."""
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("amends 0.")


def test_help_names_every_command() -> None:
    """The help has all nouns and verbs."""
    shown = CliRunner().invoke(app, ["--help"]).stdout
    for name in ("demo", "dev", "saga", "definition", "serve", "participant", "db", "config"):
        assert name in shown


@pytest.mark.parametrize("name", ["demo", "dev", "saga", "definition", "serve", "participant", "db", "config"])
def test_every_command_has_help(name: str) -> None:
    """Every command can be imported, and explains itself."""
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output


def test_help_is_quick() -> None:
    """The help loads nothing that takes long."""
    look = "finally: print(*sys.modules, file=sys.stderr)"
    code = f"import sys; from coordinator.cli.main import app\ntry: app(['--help'])\n{look}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(result.stderr.split())
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_unknown_command() -> None:
    """A typing error is a usage error that says what was meant."""
    result = CliRunner().invoke(app, ["sagas"])
    assert result.exit_code == 2
    assert "Did you mean 'saga'?" in result.output


def test_no_coordinator() -> None:
    """Without a coordinator the sentence says how to get one."""
    result = run("saga", "list", "--url", "http://127.0.0.1:9")
    assert result.returncode == 1
    assert "amends dev" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [["serve"], ["db", "upgrade"], ["db", "current"]])
def test_no_database_named(command: list[str]) -> None:
    """What needs a database says which variable names it."""
    result = run(*command)
    assert result.returncode == 1
    assert "Set AMENDS_DATABASE_URL" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_setting() -> None:
    """A typing error in a variable's name does not pass for a setting."""
    result = run("config", AMENDS_HTTP_PROT="1")
    assert result.returncode == 1
    assert (
        result.stderr
        == "The environment variable AMENDS_HTTP_PROT is no setting of Amends: did you mean AMENDS_HTTP_PORT?\n"
    )


def test_config() -> None:
    """Settings are shown with where they come from, and without passwords."""
    result = run("config", AMENDS_HTTP_PORT="7000", AMENDS_DATABASE_URL="postgresql://ada:lovelace@db/amends")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["AMENDS_HTTP_PORT", "7000", "environment"] in rows
    assert ["AMENDS_DATABASE_URL", "postgresql://ada:***@db/amends", "environment"] in rows
    assert ["AMENDS_BATCH_SAGAS", "500", "default"] in rows
    assert all(row[0] == "NAME" or row[0].startswith(PREFIX) for row in rows)


def test_participant_of_no_name() -> None:
    """A participant that is not there is exit status 3."""
    result = run("participant", "run", "trains")
    assert result.returncode == 3
    assert "There is no participant 'trains'" in result.stderr


def test_catalogue_that_cannot_be_used(tmp_path: Path) -> None:
    """A catalogue that cannot be imported ends the coordinator with a sentence."""
    result = run("serve", AMENDS_CATALOGUE="no.such.module")
    assert result.returncode == 1
    assert "AMENDS_CATALOGUE names no.such.module, which cannot be used" in result.stderr
