"""What a saga costs inside of the coordinator, without servers: ``python -m benchmarks.inside``.

The coordinator, its engine, its metrics and what its adapters do with rows and records are the real ones; Postgres,
Kafka, their clients and HTTP are not there. With ``calls`` it says which functions are called, and how often a saga.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from statistics import median
from typing import Any

import msgspec
import uvloop
from prometheus_client import CollectorRegistry

from benchmarks.inside_ends import NOW, AnsweringBroker, DroppedColumns
from benchmarks.sagas import DEFINITIONS
from contracts.answers import Success
from contracts.topics import Topics
from coordinator.cli.serving import calm_collector
from coordinator.engine.apart import apart
from coordinator.engine.decision import Decision
from coordinator.engine.facts import Reply, Start
from coordinator.engine.machine import Machine
from coordinator.runtime.coordinator import Coordinator
from coordinator.runtime.observe import TelemetryObserver
from coordinator.telemetry.metrics import Metrics
from coordinator.telemetry.tracing import TracingOff

IN_FLIGHT = (1, 10, 300, 1_000)
ROUNDS = 15
SAGAS = 1_000
"""In a round, or as many as are in flight."""
_FEW = 200
"""In a round of those that go one by one."""
_DONE = msgspec.Raw(b'{"number":7,"padding":"' + b"y" * 150 + b'"}')
_MOST_CALLED = 1000

_numbers = count(100_000)


def coordinator() -> Coordinator:
    """As ``bootstrap`` builds it."""
    observer = TelemetryObserver(Metrics(CollectorRegistry()), TracingOff())
    return Coordinator(
        store=DroppedColumns(),
        broker=AnsweringBroker(Topics()),
        definitions=DEFINITIONS,
        topics=Topics(),
        observer=observer,
    )


async def client(inside: Coordinator, numbers: Iterator[int]) -> None:
    """One saga after another, each awaited as the interface does."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        saga_id, start = inside.starting.fact("three_steps", _input(number), None)
        ending: asyncio.Future[Decision] = loop.create_future()

        def decided(decision: Decision, ending: "asyncio.Future[Decision]" = ending) -> None:
            if decision.status.ended:
                ending.set_result(decision)

        unwatch = inside.watchers.watch(saga_id, decided)
        await inside.intake.submit(saga_id, start)
        decision = await ending
        unwatch()
        assert decision.outcome == b'{"result":7}', decision


async def round_of(inside: Coordinator, in_flight: int, sagas: int) -> float:
    """µs of CPU a saga."""
    before = time.process_time()
    numbers = islice(_numbers, sagas)
    await asyncio.gather(*(client(inside, numbers) for _ in range(in_flight)))
    return (time.process_time() - before) / sagas * 1e6


def engine_alone(in_flight: int, sagas: int) -> float:
    """µs of CPU a saga, of what the engine does with it."""
    before = time.process_time()
    for _ in range(sagas // in_flight):
        machines = [Machine.new(f"three_steps:{next(_numbers)}", DEFINITIONS) for _ in range(in_flight)]
        with apart():
            for machine in machines:
                machine.advance([Start("three_steps", 1, _input(7))], NOW)
        for step in (1, 2, 3):
            with apart():
                for machine in machines:
                    machine.advance([Reply(f"{machine.saga_id}:{step}", 1, Success(_DONE))], NOW + step)
    return (time.process_time() - before) / sagas * 1e6


async def measure() -> None:
    """Prints µs of CPU a saga, least and median of the rounds."""
    inside = coordinator()
    await inside.start()
    await round_of(inside, 10, SAGAS)
    calm_collector()
    for in_flight in IN_FLIGHT:
        sagas = _FEW if in_flight == 1 else max(SAGAS, in_flight)
        both = [(await round_of(inside, in_flight, sagas), engine_alone(in_flight, sagas)) for _ in range(ROUNDS)]
        (least, middle), (engine, usual_engine) = ((min(one), median(one)) for one in zip(*both, strict=True))
        print(
            f"{in_flight:>5} in flight: {least:6.1f} µs a saga ({middle:.1f}), "
            f"of which the engine alone {engine:5.1f} ({usual_engine:.1f})",
            flush=True,
        )
    await inside.stop()


async def calls(in_flight: int) -> None:
    """Prints how often the functions of Python, and those of C, are called a saga."""
    inside = coordinator()
    await inside.start()
    await round_of(inside, in_flight, in_flight)
    called: Counter[str] = Counter()

    def called_one(frame: Any, event: str, which: Any) -> None:
        if event == "call":
            code = frame.f_code
            called[f"{'/'.join(code.co_filename.split('/')[-3:])}:{getattr(code, 'co_qualname', code.co_name)}"] += 1
        elif event == "c_call":
            called[f"C {getattr(which, '__qualname__', which)}"] += 1

    sys.setprofile(called_one)
    await round_of(inside, in_flight, in_flight)
    sys.setprofile(None)
    python = sum(number for name, number in called.items() if not name.startswith("C "))
    print(f"{python / in_flight:.1f} calls of Python a saga, {(called.total() - python) / in_flight:.1f} of C")
    for name, number in called.most_common(_MOST_CALLED):
        print(f"{number / in_flight:8.2f} {name}")
    await inside.stop()


def _input(number: int) -> msgspec.Raw:
    return msgspec.Raw(b'{"number":%d,"refuse":false}' % number)


if __name__ == "__main__":
    uvloop.run(calls(int((*sys.argv[2:], "300")[0])) if sys.argv[1:2] == ["calls"] else measure())
