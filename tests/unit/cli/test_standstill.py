"""A saga that does not come back is told of, with its line."""

import signal
from collections.abc import Iterator
from itertools import count

import pytest
import typer

from coordinator.cli.standstill import standstill_told
from coordinator.explore.exploration import explore
from coordinator.saga import saga
from tests.sagas import Shop


@saga(version=1)
async def spins(shop: Shop) -> None:
    """Never waits behind its first step."""
    await shop.take("a")
    for _ in count():
        pass


@saga(version=1)
async def waits(shop: Shop) -> None:
    """Comes back each time."""
    for _ in range(3):
        await shop.look("a")


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN])
def heeding(request: pytest.FixtureRequest) -> Iterator[None]:
    """Interrupts are heeded; or ignored, as in what a script runs in the background, and still are when it is over."""
    before = signal.signal(signal.SIGINT, request.param)
    yield
    assert signal.signal(signal.SIGINT, before) is request.param


@pytest.mark.usefixtures("heeding")
def test_a_saga_that_never_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    """It is interrupted, and the sentence says where it was."""
    with pytest.raises(typer.Exit) as ended, standstill_told(0.1):
        explore(spins)
    assert ended.value.exit_code == 1
    said = capsys.readouterr().err
    assert "running for 0.1 s without waiting for anything, at unit/cli/test_standstill.py:2" in said
    assert "unit/cli/test_standstill.py:20:" in said or "unit/cli/test_standstill.py:21:" in said


def test_a_saga_that_comes_back() -> None:
    """Nothing is said of it, however often it runs."""
    with standstill_told(0.1):
        for _ in range(5):
            assert explore(waits).complete


def test_whoever_interrupts_it_himself() -> None:
    """That is no standstill."""
    with pytest.raises(KeyboardInterrupt), standstill_told():
        raise KeyboardInterrupt
