"""The world: what is built from tracks and settings, where obstacles stand, and which settings are refused."""

import naive
import numpy as np
import pytest

from envs.families import generate
from envs.limits import Limits
from envs.reference import reference
from envs.track import TrackError
from envs.world import OBSTACLE_RADIUS, build, place_obstacles


def test_it_holds_an_episode_for_each_track(ring, world):
    tracks = [ring, generate(1), ring.reversed()]
    car = world(*tracks, beams=5, time_limit=2.0, laps=3, obstacles=2)
    assert car.tracks.tolist() == [0, 1, 2]
    assert (car.horizon, car.laps) == (20, 3)
    assert car.pace.shape == (3, 21)
    assert car.obstacles.shape == (6, 3)
    assert car.first_obstacle.tolist() == [0, 2, 4, 6]
    np.testing.assert_allclose(car.lengths, [track.length for track in tracks])
    assert tuple(car.limits) == tuple(Limits())


def test_the_pace_is_the_reference_drivers(ring):
    car = build([ring], time_limit=5.0)
    driver = reference(ring, Limits())
    np.testing.assert_allclose(car.pace[0], [driver.distance_at(0.1 * step) for step in range(51)], atol=1e-9)
    assert car.pace[0, 0] == 0.0
    assert (np.diff(car.pace[0]) > 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_obstacles_stand_on_the_road_apart_and_leave_a_way(seed):
    track, limits = generate(seed), Limits()
    placed = place_obstacles(track, 3, limits)
    np.testing.assert_array_equal(placed, place_obstacles(track, 3, limits))  # always the same
    assert (placed[:, 2] == OBSTACLE_RADIUS).all()
    edges = track.left_edge, track.right_edge
    for i, (x, y, radius) in enumerate(placed):
        k = np.argmin(np.hypot(*(track.centre - (x, y)).T))
        across = (np.array([x, y]) - track.centre[k]) @ track.normals[k]
        assert -track.right[k] <= across <= track.left[k]
        widest = max(track.left[k] - across, track.right[k] + across) - radius
        assert widest > 2 * limits.clearance  # the car keeps its distance from both
        assert naive.along(*edges, track.stations, track.length, x, y) > 35.0  # the start is free
        for other in placed[i + 1 :]:
            assert np.hypot(*(other[:2] - (x, y))) > 5.0


def test_more_obstacles_begin_with_the_same_ones():
    track = generate(0)
    few, many = place_obstacles(track, 2, Limits()), place_obstacles(track, 4, Limits())
    np.testing.assert_array_equal(few, many[:2])


def test_too_many_obstacles_are_refused(ring):
    with pytest.raises(TrackError, match=r"ring: 50 obstacles do not fit on 251 m; \d+ did; ask for fewer"):
        place_obstacles(ring, 50, Limits())


def test_no_obstacles_are_an_empty_table(ring, world):
    car = world(ring)
    assert car.obstacles.shape == (0, 3)
    assert car.first_obstacle.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"beams": 0}, r"beams: expected 1\.\.1024, got 0"),
        ({"beams": 1025}, "beams"),
        ({"obstacles": -1}, r"obstacles: expected 0\.\.100, got -1"),
        ({"laps": 0}, r"laps: expected 1\.\.1000, or None, got 0"),
        ({"time_limit": 0.05}, r"time_limit: expected 0\.1\.\.3600 s, got 0\.05"),
        ({"time_limit": float("nan")}, "time_limit"),
        ({"accident_cost": -1}, "accident_cost"),
        ({"accident_cost": float("nan")}, "accident_cost"),
    ],
)
def test_settings_out_of_range_are_refused(ring, world, settings, words):
    with pytest.raises(ValueError, match=words):
        world(ring, **settings)
