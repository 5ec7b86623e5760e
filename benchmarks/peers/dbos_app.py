# pyright: basic, reportMissingImports=false
"""One process of DBOS, which loads itself when it is its turn. Runs in the peers' environment, without Amends.

``python dbos_app.py DATABASE_URL EXECUTOR``: each line on standard input is a turn, ``IN_FLIGHT SECONDS``; each line on
standard output the latencies in seconds. Settings: async functions called directly, so that a result is had without
polling; the steps are functions of the same process; the pool is as large as helped.
"""

import asyncio
import json
import sys
from time import perf_counter

import uvloop
from dbos import DBOS, DBOSConfig

POOL = 20


@DBOS.step()
async def first(work: dict) -> dict:
    return {"number": work["number"], "padding": "y" * 150}


@DBOS.step()
async def second(work: dict) -> dict:
    return {"number": work["number"], "padding": "y" * 150}


@DBOS.step()
async def third(work: dict) -> dict:
    return {"number": work["number"], "padding": "y" * 150}


@DBOS.workflow()
async def three_steps(number: int) -> int:
    padding = "x" * 150
    one = await first({"number": number, "padding": padding})
    two = await second({"number": one["number"], "padding": padding})
    three = await third({"number": two["number"], "padding": padding})
    return three["number"]


async def turn(in_flight: int, seconds: float) -> list[float]:
    latencies: list[float] = []
    begin = perf_counter()

    async def load() -> None:
        while (start := perf_counter()) < begin + seconds:
            assert await three_steps(7) == 7
            latencies.append(perf_counter() - start)

    await asyncio.gather(*(load() for _ in range(in_flight)))
    return latencies


async def main() -> None:
    database_url, executor = sys.argv[1:3]
    config: DBOSConfig = {
        "name": "three-steps",
        "system_database_url": database_url,
        "executor_id": executor,
        "application_version": "1",
        "sys_db_pool_size": POOL,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "enable_otlp": False,
    }
    DBOS(config=config)
    DBOS.launch()
    print("ready", flush=True)
    while words := (await asyncio.to_thread(sys.stdin.readline)).split():
        print(json.dumps(await turn(int(words[0]), float(words[1]))), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    uvloop.run(main())
