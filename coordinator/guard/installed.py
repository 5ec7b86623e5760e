"""The guard, put in place once in a process that runs sagas."""

import os
import random
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from types import ModuleType

from coordinator.guard.audit import listen
from coordinator.guard.refusing import refusing
from coordinator.saga.not_durable import INSTEAD

_OWNERS: Mapping[str, ModuleType | type] = {
    **{module.__name__: module for module in (time, random, secrets, uuid, os)},
    "threading.Thread": threading.Thread,
}
_done = False


def guard_sagas() -> None:
    """Clocks, chance, files, connections, processes and threads refuse a saga's code from here on, and nobody else.

    What an author's module has bound by ``from time import time`` before that is seen by ``@saga`` in the function's
    own code, else not before a replay; nor is ``datetime.now`` in what the function calls: its class stays as it is.
    """
    global _done
    if _done:
        return
    _done = True
    for name, instead in INSTEAD.items():
        place, _, own = name.rpartition(".")
        owner = _OWNERS.get(place)
        real = getattr(owner, own, None)
        if owner is not None and callable(real) and not isinstance(real, type):
            setattr(owner, own, refusing(name, instead, real))
    listen()
