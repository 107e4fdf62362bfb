"""The track as a strip: its derived geometry, its direction, and what `check` refuses."""

import math
from dataclasses import replace

import numpy as np
import pytest

from envs import families, polyline
from envs.track import Track, TrackError, check, load
from tests import naive_tracks


def ring(radius=30.0, n=100, left=4.0, right=5.0) -> Track:
    """A circle driven counter-clockwise, so that the left edge is the inner one."""
    angle = 2.0 * math.pi * np.arange(n) / n
    centre = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Track("ring", centre, np.full(n, left), np.full(n, right), "test")


def test_a_circle_is_measured_as_one():
    track = ring()
    np.testing.assert_allclose(np.hypot(*track.left_edge.T), 26.0)
    np.testing.assert_allclose(np.hypot(*track.right_edge.T), 35.0)
    assert track.length == pytest.approx(2.0 * math.pi * 30.0, rel=1e-3)
    assert track.turning == pytest.approx(360.0)
    assert track.radius == pytest.approx(30.0)
    np.testing.assert_allclose(track.stations, np.arange(100) * track.length / 100)
    assert check(track) is track


def test_the_other_direction_is_the_same_road_from_the_same_place():
    track = families.generate(5)
    back = track.reversed()
    np.testing.assert_array_equal(back.centre[0], track.centre[0])
    np.testing.assert_array_equal(back.centre[1], track.centre[-1])
    np.testing.assert_allclose(back.left_edge[3], track.right_edge[-3])
    np.testing.assert_array_equal(back.reversed().centre, track.centre)
    assert back.length == pytest.approx(track.length)
    check(back)


def test_scaling_is_of_centre_line_and_widths_alike():
    track, half = families.generate(4), load(4, scale=0.5)
    np.testing.assert_allclose(half.left_edge, 0.5 * track.left_edge)
    assert half.length == pytest.approx(0.5 * track.length)
    assert load(4, reverse=True).centre[1] == pytest.approx(track.centre[-1])


def test_arrays_have_one_layout_for_compiled_code():
    wide = np.zeros((100, 4), np.float32)
    wide[:, :2] = ring().centre
    track = Track("strided", wide[:, :2], np.full(100, 4), np.full(100, 5), "test")
    for values in (track.centre, track.left, track.left_edge, track.right_edge, track.normals):
        assert values.dtype == np.float64
        assert values.flags.c_contiguous


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"centre": np.full((100, 2), np.nan)}, "finite"),
        ({"left": np.full(100, np.inf)}, "finite"),
        ({"right": np.where(np.arange(100) == 7, 0.0, 5.0)}, "widths above 0.*station 7 "),
        ({"left": np.full(100, 31.0)}, "folds at station 0"),
        ({"left": np.full(99, 4.0)}, "expected centre"),
    ],
)
def test_what_cannot_be_driven_is_refused_with_its_station(change, words):
    with pytest.raises(TrackError, match=words):
        check(replace(ring(), **change))


def test_too_few_stations_are_refused():
    with pytest.raises(TrackError, match="at least 10 stations, got 9"):
        check(ring(n=9))


def test_a_figure_of_eight_crosses_itself():
    angle = 2.0 * math.pi * np.arange(200) / 200
    eight = np.stack([60.0 * np.sin(angle), 40.0 * np.sin(2.0 * angle)], axis=1)
    track = Track("eight", eight, np.full(200, 3.0), np.full(200, 3.0), "test")
    with pytest.raises(TrackError, match="crosses itself") as caught:
        check(track)
    middle = eight[caught.value.station]
    assert math.hypot(*middle) < 10.0  # where it happens


@pytest.mark.parametrize("width", [4.4, 5.6])
def test_parts_that_touch_are_found_as_by_trying_all_edges(width):
    """A dumb-bell whose sides come within 10 m of each other: half-widths up to 5 m fit."""
    angle = 2.0 * math.pi * np.arange(200) / 200
    bell = np.stack([60.0 * np.cos(angle), np.sin(angle) * (5.0 + 25.0 * np.cos(angle) ** 2)], axis=1)
    centre = polyline.resample(bell, 2.0).points
    half = np.full(len(centre), width)
    track = Track("waist", centre, half, half, "test")
    assert naive_tracks.crosses(track.left_edge, track.right_edge) == (width > 5.0)
    if width < 5.0:
        check(track)
    else:
        with pytest.raises(TrackError, match="crosses itself"):
            check(track)


def test_resampling_follows_the_curve():
    angle = 2.0 * math.pi * np.arange(40) / 40
    ellipse = np.stack([50.0 * np.cos(angle), 20.0 * np.sin(angle)], axis=1)
    points, place, bend, spacing = polyline.resample(ellipse, 1.0)
    theirs, their_bend, their_spacing = naive_tracks.resampled(ellipse, 1.0)
    assert spacing == pytest.approx(their_spacing, rel=1e-4)
    np.testing.assert_allclose(points, theirs, atol=2e-2)
    np.testing.assert_allclose(bend, their_bend, atol=1e-3)
    np.testing.assert_allclose(polyline.gaps(points), spacing, rtol=1e-3)
    assert (np.diff(place) > 0.0).all()
    assert bend.max() == pytest.approx(50.0 / 20.0**2, rel=0.06)  # a / b^2 at the ends


@pytest.mark.parametrize("wrong", [None, True, 1.5, b"x"])
def test_load_says_what_it_takes(wrong):
    with pytest.raises(TrackError, match="expected a seed"):
        load(wrong)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_a_scale_is_above_zero(scale):
    with pytest.raises(TrackError, match="scale above 0"):
        load(0, scale=scale)
