"""The daemon's figures, as `get_metrics` gives them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a figure is about."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A counter or a gauge."""

    name: str
    labels: list[Label]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How many observations were at most so many seconds."""

    at_most: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Observations in seconds, in cumulative buckets."""

    name: str
    labels: list[Label]
    count: int
    sum: float
    buckets: list[Bucket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The daemon's figures since it started, and the same in Prometheus' text format."""

    counters: list[Figure]
    gauges: list[Figure]
    histograms: list[Histogram]
    prometheus: str
    time: datetime | None = None
