"""``make chaos MINUTES=…``, or ``python -m tests.chaos --minutes 15 --seed 7``."""

import argparse
import asyncio
import secrets
import sys

import uvloop

from tests.chaos.disks import with_mounts_of_its_own
from tests.chaos.planted import PLANTS
from tests.chaos.run import Plan, run


def main() -> int:
    """0 when nothing is wrong, 1 when something is: the evidence is kept then."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long faults come; the default is 5")
    parser.add_argument("--overtime", type=float, default=0, help="minutes more, while a kind has not struck yet")
    parser.add_argument("--seed", type=int, default=None, help="what comes and when; any number by default")
    parser.add_argument("--once", action="store_true", help="end as soon as each kind of fault has struck")
    parser.add_argument("--name", default="chaos", help="folder under .amends; one run at a time has a name")
    parser.add_argument("--coordinators", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], help="only kinds of faults with this word; repeatable")
    parser.add_argument("--without", action="append", default=[], help="no kinds of faults with this word; repeatable")
    parser.add_argument("--keep-going", action="store_true", help="go on after an objection")
    parser.add_argument("--no-kills", action="store_true", help="only the faults of these kinds, no kills in between")
    parser.add_argument("--plant", choices=PLANTS, help="run with this bug, which must be found")
    given = parser.parse_args()
    no_disks = with_mounts_of_its_own()
    plan = Plan(
        seed=secrets.randbelow(1_000_000) if given.seed is None else given.seed,
        minutes=given.minutes,
        overtime=given.overtime,
        name=given.name,
        once=given.once,
        coordinators=given.coordinators,
        only=given.only,
        without=given.without,
        keep_going=given.keep_going,
        plant=given.plant,
        no_disks=no_disks,
        kills=not given.no_kills,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        record = runner.run(run(plan))
    print(record.table(), flush=True)
    return 1 if record.objections else 0


if __name__ == "__main__":
    sys.exit(main())
