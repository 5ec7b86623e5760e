"""The page on scaling is computed from costs."""

import pytest

from benchmarks.scaling import BUSY, RATES, Costs, needs, page

COSTS = Costs(300, 120, 600, 60, 60, 6_000, 3_000, 5_000)


def test_needs_grow_with_the_rate() -> None:
    """At 300 µs a saga, 10 thousand sagas a second keep three cores busy: five at the share we allow."""
    first = next(iter(needs(COSTS)))
    assert first.figures == ("5", "50", "500")
    assert pytest.approx(5) == RATES[0] * 300e-6 / BUSY


def test_each_need_has_a_figure_for_each_rate() -> None:
    """The table has no holes."""
    lines = page(COSTS).splitlines()
    assert len(lines) == 2 + len(list(needs(COSTS)))
    assert {line.count("|") for line in lines} == {len(RATES) + 2}
