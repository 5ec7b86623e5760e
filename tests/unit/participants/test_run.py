"""What a participant's process does around its worker."""

import gc
from typing import Any, cast

import pytest

from participants.sdk import run
from participants.sdk.worker import Worker


class ReadyWorker:
    """Has joined its group."""

    async def ready(self) -> bool:
        return True


async def test_what_is_loaded_when_it_is_ready_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """The collector need not look at it again, and whoever started the process is told."""
    frozen = gc.get_freeze_count()
    tell: Any = vars(run)["_tell"]
    try:
        await tell(cast("Worker", ReadyWorker()), "shop")
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
    assert capsys.readouterr().out == "ready shop\n"
