"""Starts servers in the root that it is given, says "ready", and waits to be killed."""

import asyncio
import sys
import threading
from pathlib import Path

from coordinator.embedded.stack import EmbeddedServers


async def start_and_wait(root: Path) -> None:
    async with EmbeddedServers(root):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    waiting = start_and_wait(Path(sys.argv[1]))
    if "--thread" in sys.argv:
        thread = threading.Thread(target=asyncio.run, args=(waiting,))
        thread.start()
        thread.join()
    else:
        asyncio.run(waiting)
