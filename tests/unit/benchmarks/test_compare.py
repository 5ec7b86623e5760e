"""A comparison trusts neighbours."""

import pytest

from benchmarks.compare import compared
from benchmarks.turns import Came


def came(rate: float) -> Came:
    """A turn of that rate."""
    return Came(rate, 10.0, {"coordinator": 300.0})


def test_a_slow_moment_hits_both() -> None:
    """The machine became three times slower for a while: the ratios do not show it, the medians do."""
    pairs = [(came(1_200), came(1_000)), (came(400), came(333)), (came(1_200), came(1_000))]
    found = compared("rate", pairs, lambda each: each.rate)
    assert found.ratios == pytest.approx([1.2, 1.2, 1.2], rel=0.01)
    assert (found.ours, found.theirs) == (1_200, 1_000)
