"""What the car can do: one record, read by its physics, its reference driver and its drawing."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Limits(NamedTuple):
    """The car's limits, SI units. Longitudinal and lateral limits are independent (no friction circle).

    Fields:
        wheelbase [m]; top_speed [m/s] (there is no reverse); acceleration, braking [m/s^2] (both positive); steering
        [rad] (largest angle, either side); steering_rate [rad/s]; grip [m/s^2] (largest lateral acceleration: the yaw
        rate is at most grip / speed); clearance [m] (an accident is the car's centre nearer than this to an edge or an
        obstacle); start_speed [m/s]; lidar_range [m]; time_step [s] (between two actions); substeps (of physics within
        a time step).
    """

    wheelbase: float = 2.6
    top_speed: float = 30.0
    acceleration: float = 5.0
    braking: float = 8.0
    steering: float = 0.5
    steering_rate: float = 1.5
    grip: float = 8.0
    clearance: float = 1.0
    start_speed: float = 5.0
    lidar_range: float = 80.0
    time_step: float = 0.1
    substeps: int = 4


def changed_limits(changes: Mapping[str, float]) -> Limits:
    """The default limits with some of them changed.

    Raises:
        ValueError: an unknown name, or a number that no car has.
    """
    if unknown := sorted(set(changes) - set(Limits._fields)):
        raise ValueError(f"limits: expected names among {', '.join(Limits._fields)}, got {', '.join(unknown)}")
    changed: dict[str, Any] = dict(changes)
    limits = Limits()._replace(**changed)
    for name, value in limits._asdict().items():
        least = 0.0 if name in ("start_speed", "clearance") else 1e-9
        if not least <= value < 1e9 or (name == "substeps" and value != int(value)):
            kind = "whole number" if name == "substeps" else "number"
            raise ValueError(f"limits.{name}: expected a {kind} {'>=' if least == 0 else '>'} 0, got {value!r}")
    return limits
