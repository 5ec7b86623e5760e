"""Parts as child processes, with real ones."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

import coordinator.cli.processes
from coordinator.cli.processes import Part, ProcessFailed

MakePart = Callable[..., Part]
READY_AND_WAIT = "import signal; print('starting'); print('ready test http://x', flush=True); signal.pause()"
PARENT = """
import asyncio
from pathlib import Path
from coordinator.cli.processes import Part

async def main():
    part = Part("child", ("-c", {code!r}), {{}}, Path({log!r}))
    await part.start()
    print("ready", part.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def make_part(tmp_path: Path) -> AsyncIterator[MakePart]:
    """Makes parts that run some code; those still running at the end are killed."""
    made: list[Part] = []

    def make(code: str, **environment: str) -> Part:
        made.append(Part("test", ("-c", code), environment, tmp_path / "logs" / f"{len(made)}.log"))
        return made[-1]

    yield make
    for part in made:
        if part.pid is not None:
            part.kill()
            await part.ended()


async def test_ready(make_part: MakePart) -> None:
    """A part is started when it has said that it is ready, and what it said with it is returned."""
    part = make_part(READY_AND_WAIT)
    assert await part.start() == "test http://x"
    assert part.pid is not None
    assert "starting" in part.log.read_text()


async def test_environment(make_part: MakePart) -> None:
    """A part sees the environment it was given, on top of ours."""
    part = make_part(
        "import os; print('ready', os.environ['WORD'], os.environ['MORE'], 'PATH' in os.environ)", WORD="tea"
    )
    assert await part.start({"MORE": "milk"}) == "tea milk True"


async def test_failpoints_are_not_inherited(make_part: MakePart, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part has the failpoints that it is given, not those of whoever starts it."""
    monkeypatch.setenv("AMENDS_FAILPOINTS", "commit_sent:kill")
    part = make_part("import os; print('ready', 'AMENDS_FAILPOINTS' in os.environ)")
    assert await part.start() == "False"


async def test_ends_instead(make_part: MakePart) -> None:
    """A part that ends before it is ready is a failure that shows its log."""
    part = make_part("import sys; sys.exit('the kettle is empty')")
    with pytest.raises(ProcessFailed, match=r"(?s)ended with 1 .*the kettle is empty"):
        await part.start()


async def test_takes_too_long(make_part: MakePart, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is not ready in time is killed."""
    monkeypatch.setattr(coordinator.cli.processes, "READY_WITHIN_S", 0.2)
    part = make_part("import signal; signal.pause()")
    with pytest.raises(ProcessFailed, match="was not ready within"):
        await part.start()
    assert await part.ended() == -signal.SIGKILL


async def test_stop(make_part: MakePart) -> None:
    """Stopping asks first."""
    part = make_part(
        "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
        "print('ready test http://x', flush=True); signal.sigwait([signal.SIGTERM]); sys.exit(7)"
    )
    await part.start()
    await part.stop()
    assert await part.ended() == 7


async def test_stop_a_stubborn_one(make_part: MakePart, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not stop in time is killed."""
    monkeypatch.setattr(coordinator.cli.processes, "STOPPED_WITHIN_S", 0.2)
    part = make_part("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY_AND_WAIT)
    await part.start()
    await part.stop()
    assert await part.ended() == -signal.SIGKILL


async def test_start_again(make_part: MakePart) -> None:
    """After its end it can be started again, as another process."""
    part = make_part(READY_AND_WAIT)
    await part.start()
    first = part.pid
    part.kill()
    assert await part.ended() == -signal.SIGKILL
    assert part.pid is None
    await part.start()
    assert part.pid not in (None, first)


async def test_much_output(make_part: MakePart) -> None:
    """A part that says a lot is not blocked by its pipe, and all of it is in the log."""
    part = make_part("print('ready'.ljust(7)); print('x' * 50_000); print('y\\n' * 50_000); print('the end')")
    await part.start()
    async with asyncio.timeout(20):
        assert await part.ended() == 0
    assert part.log.read_text().endswith("the end\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
async def test_dies_with_its_parent(make_part: MakePart, tmp_path: Path) -> None:
    """When the parent is killed, its child is gone too."""
    parent = make_part(PARENT.format(code=READY_AND_WAIT, log=str(tmp_path / "child.log")))
    process = psutil.Process(int(await parent.start()))
    parent.kill()
    async with asyncio.timeout(10):
        await asyncio.to_thread(process.wait)
