"""Histograms that are told from one thread: a value takes no lock, and is counted in one place.

Those of ``prometheus_client`` take two locks and look at every bound; what Prometheus reads is the same.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Series:
    """The values of one set of labels."""

    __slots__ = ("bounds", "counts", "created", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """By the first bound that is not below the value; at last of those beyond all."""
        self.total = 0.0
        self.created = time.time()

    def observe(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Histogram(Collector):
    """All series of one name."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], labels: Sequence[str] = ()) -> None:
        self._name, self._text, self._bounds, self._labels = name, text, bounds, labels
        self._series: dict[tuple[str, ...], Series] = {}
        self._words = [*map(floatToGoString, bounds), "+Inf"]

    def labels(self, *values: str) -> Series:
        """The series with these labels. It is shown from now on."""
        series = self._series.get(values)
        if series is None:
            series = self._series[values] = Series(self._bounds)
        return series

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """As Prometheus reads it."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for values, series in self._series.items():
            up_to = accumulate(series.counts)
            family.add_metric(values, list(zip(self._words, up_to, strict=True)), series.total)
            labels = dict(zip(self._labels, values, strict=True))
            family.add_sample(f"{self._name}_created", labels, series.created)
        yield family
