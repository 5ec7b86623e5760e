"""A fact in a mailbox."""

from collections.abc import Callable

import msgspec

from coordinator.engine.facts import Fact, Verdict

Done = Callable[[Verdict], None]
"""Told what became of a fact, once its activation is committed. Must not raise."""


class Letter(msgspec.Struct, gc=False):
    """A fact on its way, and whom to tell."""

    fact: Fact
    done: Done
    failures: int = 0
    """How often the engine or the database failed on it. From then on it is taken alone."""
    lost: bool = False
    """The fence refused it once: the log knows more about the saga than was assumed."""
    unsure: bool = False
    """A commit of it may have taken effect already."""
