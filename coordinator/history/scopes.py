"""Scopes: save-points of a saga's code, to which it can go back and then take another way. Numbered from 1."""

import msgspec

from contracts.failures import Problem


class ScopeOpened(msgspec.Struct, frozen=True, gc=False, tag="scope_opened", omit_defaults=True):
    """What the code does from here on in this scope can be undone by itself."""

    scope: int
    at: int
    within: int | None = None
    """The scope in which this one was opened."""
    parallel: bool = False
    """Its undos need not wait for each other."""


class ScopeUndoStarted(msgspec.Struct, frozen=True, gc=False, tag="scope_undo_started"):
    """The code goes back to where it opened the scope: all that was done in it, and in scopes within, is undone.

    What was still under way in it has an unknown outcome from here on.
    """

    scope: int
    cause: Problem
    at: int


class ScopeUndone(msgspec.Struct, frozen=True, gc=False, tag="scope_undone"):
    """Nothing is left of it; the code goes on."""

    scope: int
    at: int
