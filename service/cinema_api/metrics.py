"""What is counted, for Prometheus: routes and not paths, so nothing about persons."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own name for where several workers count together: cinema_api.serving sets it."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_REQUESTS: Final = Counter(
    "cinema_requests", "Requests that were answered.", ("method", "route", "status")
)
_SECONDS: Final = Histogram(
    "cinema_request_seconds",
    "How long answers took.",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_PROGRESS: Final = Gauge(
    "cinema_requests_in_progress",
    "Requests that are being answered.",
    multiprocess_mode="livesum",
)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request."""
    # Anybody can make up methods; each would be a time series for ever.
    _counter(method if method in _METHODS else "other", route, status).inc()
    _histogram(route).observe(seconds)


def report() -> bytes:
    """Everything that has been counted, in Prometheus' text format."""
    if _SHARED not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


@lru_cache(4096)
def _counter(method: str, route: str, status: int) -> Counter:
    return _REQUESTS.labels(method, route, str(status))


@lru_cache(256)
def _histogram(route: str) -> Histogram:
    return _SECONDS.labels(route)
