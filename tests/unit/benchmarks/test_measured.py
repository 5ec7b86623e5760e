"""Figures are put together rightly."""

import math

import pytest

from benchmarks.measured import Latencies, Measured, together


def test_rounds_count_for_as_many_sagas_as_they_had() -> None:
    """A long round weighs more than a short one."""
    short = Measured("a", 100, 1.0, Latencies([0.1] * 100), {"coordinator": 400.0}, {"wal": 1_000.0})
    long = Measured("a", 300, 1.0, Latencies([0.2] * 300), {"coordinator": 200.0}, {"wal": 3_000.0})
    whole = together([short, long])
    assert (whole.sagas, whole.rate) == (400, 200.0)
    assert whole.cpu_us == {"coordinator": 250.0}
    assert whole.wrote == {"wal": 2_500.0}
    assert len(whole.latencies.seconds) == 400


@pytest.mark.parametrize(("percent", "ms"), [(0, 1), (50, 51), (99, 100), (100, 100)])
def test_percentiles(percent: float, ms: float) -> None:
    """Of the values 1 to 100 ms."""
    latencies = Latencies([number / 1_000 for number in range(100, 0, -1)])
    assert latencies.percentile_ms(percent) == pytest.approx(ms)


def test_nothing_has_no_percentile() -> None:
    """A run without a saga shows no figure rather than failing."""
    assert math.isnan(Latencies([]).percentile_ms(50))
