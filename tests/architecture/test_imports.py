"""Rooms import inwards, as pyproject.toml has it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")


def lint(config: Path) -> subprocess.CompletedProcess[str]:
    command = [LINTER, "--config", config, "--no-cache"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_import_contracts_are_kept() -> None:
    """No room imports one that stands further out, participants know only the contracts, and the core does no I/O."""
    result = lint(ROOT / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_room_has_its_place() -> None:
    """Every room of the coordinator stands in the layers: a new one cannot be forgotten."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract for contract in config["contracts"] if contract["type"] == "layers")["layers"]
    placed = {room.strip().removeprefix("coordinator.") for layer in layers for room in layer.split("|")}
    rooms = {path.parent.name for path in (ROOT / "coordinator").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "coordinator").glob("*.py") if not path.stem.startswith("__")}
    assert rooms | modules <= placed


@pytest.mark.parametrize(("source", "forbidden"), [("coordinator.engine", "contracts"), ("participants", "contracts")])
def test_a_breach_is_noticed(tmp_path: Path, source: str, forbidden: str) -> None:
    """An import that a contract forbids is found: here, one that is there and is made forbidden."""
    config = tmp_path / "importlinter.ini"
    config.write_text(
        "[importlinter]\nroot_packages=\n    coordinator\n    participants\n    contracts\n"
        "[importlinter:contract:breach]\nname=Breach\ntype=forbidden\n"
        f"source_modules={source}\nforbidden_modules={forbidden}\n"
    )
    assert "Breach BROKEN" in lint(config).stdout
