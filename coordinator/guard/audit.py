"""Files, connections, processes and threads: the interpreter tells of them, whoever asks and however it is named.

An audit hook (PEP 578) stays as long as the process does, so there is one, and it costs a look into a table for each
event of others. Threads are told of by newer interpreters only.
"""

import sys
from collections.abc import Mapping

from coordinator.guard.callers import is_own, saga_runs
from coordinator.saga.not_durable import INSTEAD, NotDurable

_FILES = INSTEAD["io.open"]
_CONNECTION = "A saga opens no connections. Call the service in a local step or a participant's step."
_PROCESS = "A saga starts no processes. Do the work in a participant's step."

_EVENTS: Mapping[str, str] = {
    event: sentence
    for sentence, events in {
        _FILES: "open os.listdir os.scandir os.remove os.rename os.mkdir os.rmdir os.truncate",
        _CONNECTION: "socket.__new__ socket.connect socket.bind socket.getaddrinfo socket.sendto sqlite3.connect",
        _PROCESS: "subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty",
        INSTEAD["threading.Thread.start"]: "_thread.start_new_thread _thread.start_joinable_thread",
    }.items()
    for event in events.split()
}


def listen() -> None:
    """From here on, to the end of the process."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    sentence = _EVENTS.get(event)
    if sentence is None or not saga_runs() or not is_own(sys._getframe(1)):  # pyright: ignore[reportPrivateUsage]
        return
    if event == "open" and isinstance(arguments[0], int):  # what was opened already
        return
    raise NotDurable(f"A saga's code asked for {event}{_shown(arguments)}. {sentence}")


def _shown(arguments: tuple[object, ...]) -> str:
    first = arguments[0] if arguments else None
    return f" ({first})" if isinstance(first, str) else ""
