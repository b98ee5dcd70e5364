"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A machine that is busy with something else makes no property false.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
