"""Failpoints: places where a process can be told to die or to freeze, so that tests can prove what survives it.

Off unless AMENDS_FAILPOINTS is set: ``reply_queued:kill`` kills the process with SIGKILL the first time it gets there,
``reply_queued:kill@3`` the third time, ``commit_sent:stop`` stops it with SIGSTOP; several are parted by commas.
With AMENDS_FAILPOINT_FILE set, the file is created when a failpoint fires, and as long as it exists none fires again:
so the process that is started afterwards with the same environment lives.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

PARTICIPANT_FAILPOINTS = frozenset(
    {"barrier_written", "business_written", "participant_committed", "reply_queued", "reply_acknowledged"}
)
LONG_FAILPOINTS = frozenset({"long_handler_begun", "heartbeat_acknowledged", "long_handler_ended"})
"""Of participants whose handlers take long: before its first line, with a heartbeat sent, and with its answer in
hand."""
COORDINATOR_FAILPOINTS = frozenset(
    {
        "fact_received",
        "batch_loaded",
        "transaction_begun",
        "history_written",
        "outbox_written",
        "commit_sent",
        "commit_acknowledged",
        "offsets_committed",
        "publish_queued",
        "publish_acknowledged",
        "outbox_deleted",
        "timer_fired",
        "partitions_revoked",
        "sweep_half_done",
        "start_unanswered",
    }
)
LOCAL_FAILPOINTS = frozenset({"local_step_begun", "local_step_ended", "local_rows_found"})
"""Of coordinators whose sagas have local steps: before a body's first line, with its answer in hand, and with rows that
somebody left."""
MIGRATION_FAILPOINTS = frozenset({"migration_step"})
"""In whatever process brings the schema to its newest state, before each step's commit."""
FAILPOINTS = PARTICIPANT_FAILPOINTS | COORDINATOR_FAILPOINTS | LOCAL_FAILPOINTS | LONG_FAILPOINTS | MIGRATION_FAILPOINTS

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass(slots=True)
class Failpoint:
    """One armed failpoint."""

    signal: signal.Signals
    remaining: int
    """How many times the process still has to get there; it fires when this reaches 0."""
    file: str | None
    """Created when it fires; when it exists already, nothing fires."""

    def reached(self) -> None:
        """Counts down and, at zero, sends the signal to this process."""
        self.remaining -= 1
        if self.remaining == 0 and self._first():
            os.kill(os.getpid(), self.signal)

    def _first(self) -> bool:
        if self.file is None:
            return True
        try:
            os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        return True


def parse_failpoints(text: str, file: str | None = None) -> Mapping[str, Failpoint]:
    """The failpoints of AMENDS_FAILPOINTS by name. Raises ValueError for a name or an action that does not exist."""
    armed: dict[str, Failpoint] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, action = entry.partition(":")
        word, _, count = action.partition("@")
        if name not in FAILPOINTS:
            raise ValueError(f"AMENDS_FAILPOINTS names {name!r}; there are {', '.join(sorted(FAILPOINTS))}.")
        if word not in _SIGNALS or not (count or "1").isdigit() or count == "0":
            raise ValueError(f"AMENDS_FAILPOINTS has {entry!r}: write <name>:kill, <name>:stop or <name>:kill@<n>.")
        armed[name] = Failpoint(_SIGNALS[word], int(count or "1"), file)
    return armed


_armed = parse_failpoints(os.environ.get("AMENDS_FAILPOINTS", ""), os.environ.get("AMENDS_FAILPOINT_FILE"))

if _armed:

    def failpoint(name: str) -> None:
        """Marks a place where the process may be told to die; ``name`` is one of FAILPOINTS."""
        if (point := _armed.get(name)) is not None:
            point.reached()

else:

    def failpoint(name: str) -> None:
        """Marks a place where the process may be told to die; does nothing, since AMENDS_FAILPOINTS is not set."""
