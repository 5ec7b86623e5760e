"""Stands between a saga's code and what cannot be durable, in processes that run sagas."""

from coordinator.guard.installed import guard_sagas

__all__ = ["guard_sagas"]
