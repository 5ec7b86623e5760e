"""Peers may fail; our figures stay."""

import io

import pytest
from rich.console import Console

from benchmarks import full
from benchmarks.full import PeerRuns
from benchmarks.measured import Latencies, Measured
from benchmarks.peers import packages
from benchmarks.peers.turned import PeerFailed


async def goes(in_flight: int, seconds: float) -> Measured:
    """A turn that goes well."""
    return Measured("a", in_flight, 1.0, Latencies([0.01] * in_flight))


async def fails(in_flight: int, seconds: float) -> Measured:
    """A turn that does not."""
    raise PeerFailed("it answered 500")


async def test_a_peer_that_fails_is_left_out() -> None:
    """Its turns are dropped with the reason; the others go on to the last round."""
    console = Console(file=io.StringIO(), width=200)
    sides: list[tuple[PeerRuns, int, full.Turn]] = [(PeerRuns("Amends"), 10, goes), (PeerRuns("Peer"), 10, fails)]
    await full._in_turns(console, sides)  # pyright: ignore[reportPrivateUsage]
    assert [(runs.name, len(runs.most), len(runs.single)) for runs, _, _ in sides] == [
        ("Amends", full.ROUNDS, full.ROUNDS)
    ]
    assert isinstance(console.file, io.StringIO)
    assert "without Peer: it answered 500" in console.file.getvalue()


async def test_a_peer_that_cannot_be_installed_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Without npm there is no server of Restate."""
    monkeypatch.setenv("AMENDS_HOME", str(tmp_path))
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(PeerFailed, match="npm"):
        await packages.restate_server()
