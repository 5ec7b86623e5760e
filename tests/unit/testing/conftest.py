"""A kit for each test, as the plugin gives it."""

from importlib.metadata import entry_points

import pytest

from coordinator.catalogue.book_trip import Trip
from coordinator.testing import SagaTest

PLUGIN = "coordinator.pytest_plugin"
TRIP = Trip("1", "Ada", "Lisbon", "4242", pause=60)


@pytest.fixture
def saga() -> SagaTest:
    """The same as the plugin's."""
    return SagaTest()


def with_plugin() -> tuple[str, ...]:
    """For pytest: loads the plugin, unless an installed Amends has it loaded already."""
    installed = any(each.value == PLUGIN for each in entry_points(group="pytest11"))
    return () if installed else ("-p", PLUGIN)
