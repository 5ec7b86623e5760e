"""While a world runs, the modules of the runtime and the SDK see its clock, its dice, its failpoints and its Kafka.

Nothing of theirs is changed but names that they imported: ``time``, ``random``, ``os``, ``failpoint``, how often a
child is asked again, and aiokafka's three clients.
"""

import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Generator
from random import Random
from typing import Any

import structlog

from contracts import failpoints
from coordinator.engine import times
from tests.simulation.loop import SimulationLoop
from tests.simulation.process import PROCESS

START_S = 1_700_000_000.0
"""What the wall clocks show when a world begins, in seconds since 1970, but for their errors."""
ROOMS = ("contracts.", "coordinator.runtime", "coordinator.kafka", "participants.sdk", "coordinator.engine.")
CHILD_ASKED_EVERY_MS = 15_000
"""A child that is under way is asked so often how it stands, and not once a day: a world has no days."""


class WorldTime:
    """Stands in for the module ``time``."""

    CLOCK_BOOTTIME = 7

    def __init__(self, loop: SimulationLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        """Seconds, the same for all processes."""
        return self._loop.time()

    def perf_counter(self) -> float:
        """It stands still while code runs."""
        return self._loop.time()

    def time(self) -> float:
        """The wall clock of the running process, as right as that is."""
        process = PROCESS.get(None)
        return START_S + self._loop.time() + (0.0 if process is None else process.wall_off_s)

    def time_ns(self) -> int:
        """The same in ns."""
        return int(self.time() * 1e9)

    def clock_gettime(self, _: int) -> float:
        """Seconds of real time."""
        return self._loop.time()


class WorldSystem:
    """Stands in for the module ``os``."""

    environ = os.environ

    def __init__(self, random: Random) -> None:
        self._random = random

    def urandom(self, count: int) -> bytes:
        """Not that random."""
        return self._random.randbytes(count)


class Clients:
    """aiokafka's classes in this world."""

    def __init__(self, consumer: Any, producer: Any, admin: Any) -> None:
        self.by_name = {"AIOKafkaConsumer": consumer, "AIOKafkaProducer": producer, "AIOKafkaAdminClient": admin}


@contextlib.contextmanager
def installed(
    loop: SimulationLoop, random: Random, reached: Callable[[str], None], clients: Clients, log: "Callable[[str], None]"
) -> Generator[None]:
    """Everything as the module says, and afterwards as it was."""
    stand_ins: dict[int, tuple[str, Any]] = {
        id(time): ("time", WorldTime(loop)),
        id(os): ("os", WorldSystem(random)),
        id(failpoints.failpoint): ("failpoint", reached),
        id(times.ASK_AGAIN_MS): ("ASK_AGAIN_MS", CHILD_ASKED_EVERY_MS),
    }
    found = sys.modules["random"]
    stand_ins[id(found)] = ("random", random)
    before: list[tuple[Any, str, Any]] = []
    for name, module in sorted(sys.modules.items()):
        if not name.startswith(ROOMS) or name == "contracts.failpoints":
            continue
        for key, value in list(vars(module).items()):
            stand_in = clients.by_name.get(key) if key in clients.by_name else None
            if stand_in is None and (known := stand_ins.get(id(value))) is not None and known[0] == key:
                stand_in = known[1]
            if stand_in is not None:
                before.append((module, key, value))
                setattr(module, key, stand_in)
    collecting = gc.isenabled()
    gc.disable()
    try:
        with _logs(log):
            yield
    finally:
        if collecting:
            gc.enable()
        for module, key, value in before:
            setattr(module, key, value)


@contextlib.contextmanager
def _logs(log: Callable[[str], None]) -> Generator[None]:
    """What the code logs goes into the trace, as far as somebody reads that."""
    settings = structlog.get_config()
    loggers = [logging.getLogger(name) for name in ("participants", "sqlalchemy", "contracts")]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]

    def note(_: Any, method: str, event: Any) -> Any:
        error = event.pop("exc_info", None)
        words = " ".join(f"{key}={value!r}" for key, value in event.items() if key != "event")
        log(f"{method} {event.get('event')} {words}{'' if not error else f' {sys.exc_info()[1] or error!r}'}")
        raise structlog.DropEvent

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            log(f"{record.levelname.lower()} {record.getMessage()}")

    notes = Notes()
    structlog.configure(processors=[note], wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    for logger in loggers:
        logger.addHandler(notes)
        logger.propagate = False
    loggers[0].setLevel(logging.INFO)
    try:
        yield
    finally:
        structlog.configure(**settings)
        for logger, level, propagate in before:
            logger.removeHandler(notes)
            logger.propagate = propagate
            logger.setLevel(level)
