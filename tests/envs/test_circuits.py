"""Circuit files: real ones as they stand, every layout they come in, and what is refused with line and remedy."""

import contextlib
import math

import numpy as np
import pytest

from envs.circuits import read
from envs.track import TrackError, check, load
from tests import naive_tracks

NAMES = ("BrandsHatch", "Monza", "Norisring", "Oschersleben", "Spielberg", "Zandvoort")
LENGTHS = {
    "BrandsHatch": 3904,
    "Monza": 5793,
    "Norisring": 2300,
    "Oschersleben": 3696,
    "Spielberg": 4318,
    "Zandvoort": 4320,
}


def oval(n=80, a=100.0, b=60.0):
    angle = 2.0 * math.pi * np.arange(n) / n
    return np.stack([a * np.cos(angle), b * np.sin(angle), np.full(n, 4.0), np.full(n, 5.0)], axis=1)


def text(rows, separator=",", header="# x_m,y_m,w_tr_right_m,w_tr_left_m\n"):
    return header + "".join(separator.join(f"{value:.6f}" for value in row) + "\n" for row in rows)


@pytest.fixture
def file(tmp_path):
    def write(content, name="circuit.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_real_circuits_are_read_as_they_stand(test_data, name, scale):
    track = read(test_data / "tracks" / f"{name}.csv", scale)
    check(track)
    assert track.name == name
    assert track.length == pytest.approx(scale * LENGTHS[name], rel=0.005)
    np.testing.assert_allclose(track.gaps, track.gaps.mean(), rtol=0.05)
    assert scale < 1.0 or 2.0 <= track.gaps.mean() <= 3.0
    check(track.reversed())


def test_the_widths_lie_on_their_sides(test_data):
    """Beside the file's own points the edges are as far as the file says, right and left."""
    path = test_data / "tracks" / "Oschersleben.csv"
    track, rows = read(path), np.loadtxt(path, delimiter=",")
    for x, y, right, left in rows[::60]:
        k = int(np.hypot(*(track.centre - [x, y]).T).argmin())
        assert naive_tracks.clearance(np.array([[x, y]]), track.right_edge)[0] == pytest.approx(right, abs=0.25)
        assert naive_tracks.clearance(np.array([[x, y]]), track.left_edge)[0] == pytest.approx(left, abs=0.25)
        ahead = track.centre[(k + 1) % len(track)] - track.centre[k]
        across = track.left_edge[k] - track.right_edge[k]
        assert ahead[0] * across[1] - ahead[1] * across[0] > 0.0  # left is left of the way


def test_the_curve_passes_through_the_points(file):
    rows = oval()
    track = read(file(text(rows)))
    assert naive_tracks.clearance(rows[:, :2], track.centre).max() < 0.05
    np.testing.assert_allclose(track.right, 4.0)
    np.testing.assert_allclose(track.left, 5.0)
    np.testing.assert_allclose(track.centre[0], rows[0, :2], atol=1e-9)
    assert track.note == ""


@pytest.mark.parametrize("separator", [",", ", ", ";", "\t", " "])
@pytest.mark.parametrize(
    "header", ["", "# x_m,y_m,w_tr_right_m,w_tr_left_m\n", "x_m;y_m;w_tr_right_m;w_tr_left_m\n", "#\n\n# hello\n"]
)
def test_separators_and_headers(file, separator, header):
    plain, other = read(file(text(oval()))), read(file(text(oval(), separator, header)))
    np.testing.assert_array_equal(plain.centre, other.centre)
    np.testing.assert_array_equal(plain.left, other.left)


def test_columns_are_taken_by_their_names(file):
    rows = oval()
    mixed = np.column_stack([rows[:, 3], np.arange(len(rows)), rows[:, 1], rows[:, 0], rows[:, 2]])
    track = read(file(text(mixed, ";", "width_left;s_m;Y [m];X [m];width_right\n")))
    np.testing.assert_array_equal(track.centre, read(file(text(rows))).centre)
    np.testing.assert_array_equal(track.right, np.full(len(track), 4.0))


@pytest.mark.parametrize(
    "header",
    [
        "X;Y;WR;WL",
        "# x_m; y_m; w_tr_right_m; w_tr_left_m",
        "x;y;widthRight;widthLeft",
        '"x_m";"y_m";"w_tr_right_m";"w_tr_left_m"',
        "x;y;r;l",
        "pos_x;pos_y;right_width;left_width;;",
    ],
)
def test_the_names_of_other_sources_are_understood(file, header):
    track, plain = read(file(text(oval(), ";", header + "\n"))), read(file(text(oval())))
    np.testing.assert_array_equal(track.centre, plain.centre)
    np.testing.assert_array_equal(track.right, np.full(len(track), 4.0))
    swapped = text(oval()[:, [0, 1, 3, 2]], ",", "x,y,width_left,width_right\n")
    np.testing.assert_array_equal(read(file(swapped)).left, np.full(len(track), 5.0))


@pytest.mark.parametrize("name", ["width", "w_m", "Track width [m]"])
def test_a_single_width_is_that_of_the_whole_road(file, name):
    track = read(file(text(oval()[:, [0, 1, 3]], ",", f"x_m,y_m,{name}\n")))
    np.testing.assert_array_equal(track.left, np.full(len(track), 2.5))
    np.testing.assert_array_equal(track.right, track.left)


@pytest.mark.parametrize("separator", [";", "; ", "\t", " ", "  "])
@pytest.mark.parametrize("header", ["", "X;Y;WR;WL\n"])
def test_decimal_commas(file, separator, header):
    track = read(file(header + text(oval(), separator, header="").replace(".", ",")))
    np.testing.assert_array_equal(track.centre, read(file(text(oval()))).centre)


def test_what_spreadsheets_write(file):
    plain = read(file(text(oval())))
    quoted = "".join(",".join(f'"{value:.6f}"' for value in row) + "\r\n" for row in oval())
    for content in (quoted, text(oval()).encode("utf-16"), text(oval()).replace("\n", " # a note\n")):
        np.testing.assert_array_equal(read(file(content)).centre, plain.centre)


def test_clockwise_and_counter_clockwise(file):
    one, other = read(file(text(oval()))), read(file(text(oval()[::-1])))
    for track in (one, other):
        check(track)
        np.testing.assert_array_equal(track.right, np.full(len(track), 4.0))
    assert _area(one.centre) == pytest.approx(-_area(other.centre), rel=1e-3)


def _area(ring):
    x, y = ring.T
    return 0.5 * float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())


def test_a_repeated_point_changes_nothing(file):
    rows = oval()
    plain = read(file(text(rows)))
    for repeated in (np.vstack([rows, rows[:1]]), np.insert(rows, 20, rows[20], axis=0)):
        track = read(file(text(repeated)))
        assert track.length == pytest.approx(plain.length, rel=1e-6)
        assert np.abs(np.sort(track.centre, axis=0) - np.sort(plain.centre, axis=0)).max() < 1.0
    windows = b"\xef\xbb\xbf" + text(rows).replace("\n", ",\r\n").encode()
    np.testing.assert_array_equal(read(file(windows)).centre, plain.centre)


def test_scale_is_of_centre_line_and_widths_alike(file):
    path = file(text(oval()))
    half = read(path, 0.5)
    assert half.length == pytest.approx(0.5 * read(path).length, rel=1e-3)
    np.testing.assert_allclose(half.left, 2.5)
    assert load(str(path), scale=0.5, reverse=True).centre[1] == pytest.approx(half.centre[-1])


def test_a_hairpin_tighter_than_its_road_is_trimmed_with_a_note(file):
    """Two straights 20 m apart joined by half circles of 10 m, on a road with 11 m to the inner side."""
    bow = math.pi * np.arange(1, 16) / 16 - math.pi / 2
    side = np.arange(-60.0, 61.0, 4.0)
    half = np.concatenate(
        [np.stack([side, np.full(len(side), -10.0)], 1), np.stack([60.0 + 10.0 * np.cos(bow), 10.0 * np.sin(bow)], 1)]
    )
    ring = np.concatenate([half, -half])
    inner = np.where(np.abs(ring[:, 0]) > 58.0, 11.0, 6.0)
    track = read(file(text(np.column_stack([ring, np.full(len(ring), 6.0), inner]))))
    check(track)
    assert "trimmed" in track.note
    assert 8.0 < track.left.max() < 11.0
    np.testing.assert_allclose(track.right, 6.0)
    too_wide = np.where(np.abs(ring[:, 0]) > 58.0, 22.0, 6.0)
    with pytest.raises(TrackError, match=r"circuit.csv, near line \d+: the track folds"):
        read(file(text(np.column_stack([ring, np.full(len(ring), 6.0), too_wide]))))


def changed(line, column, value):
    rows = [[f"{cell:g}" for cell in row] for row in oval()]
    rows[line][column] = value
    return "".join(",".join(row) + "\n" for row in rows)


EIGHT = np.stack(
    [
        100.0 * np.sin(np.arange(120) * math.pi / 60),
        60.0 * np.sin(np.arange(120) * math.pi / 30),
        np.full(120, 4.0),
        np.full(120, 4.0),
    ],
    axis=1,
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "at least 10 rows of points, got 0"),
        (text(oval(9)), "at least 10 rows of points, got 9"),
        (text(oval()[:, :3]), "line 2: expected the columns x_m, y_m, w_tr_right_m, w_tr_left_m, got 3 cells"),
        (text(np.hstack([oval(), oval()])), "line 2: expected the columns .*, got 8 cells"),
        (changed(5, 2, "wide"), "line 6: expected a number for w_tr_right_m, got 'wide'"),
        (changed(5, 1, "nan"), "line 6: expected finite numbers"),
        (changed(5, 1, "1e999"), "line 6: expected finite numbers"),
        (changed(5, 3, "0"), "line 6: expected widths above 0 m, got 4 to the right and 0 to the left"),
        (changed(5, 3, "-1"), "line 6: expected widths above 0"),
        (changed(5, 3, ""), "line 6: expected the columns"),
        ("a,b,c,d\n" + text(oval(), header=""), "line 1: expected a header that names"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe" + bytes(200), "no text in UTF-8"),
        (bytes(4000), "line 1: expected a header"),
        (text(oval()[:40]), "line 41: the track is not closed"),
        (text(EIGHT), r"near line \d+: the track crosses itself"),
        (text(oval() * 1000.0), "up to 100 km"),
        (text(oval() * [0.0, 0.0, 1.0, 1.0]), "expected a loop"),
        (text(oval() * [1.0, 1.0, 1e-3, 1e-3] * [100.0, 100.0, 1.0, 1.0]), "too many stations"),
        (text(oval() * [1.0, 1.0, 30.0, 30.0]), "folds"),
        (text(oval(1)), "at least 10 rows of points, got 1; add points"),
        (
            text(oval()[:, :2], ",", "x,y\n"),
            "line 1: expected a header .*, got 'x,y'; name the columns so, both widths",
        ),
        (text(oval(), ",", "left_x,left_y,right_x,right_y\n"), "line 1: expected a header that names"),
        (text(oval(), ",", "").replace(".", ","), "line 1: expected the columns .*, got 8 cells; leave out the others"),
        (text(oval() * 100.0), "line 2: expected a road up to 300 m wide, got 900 m; give metres"),
        (text(oval() * [1.0, 1.0, 1000.0, 1000.0]), "line 2: expected a road up to 300 m wide"),
        (
            text(oval() * [1e-5, 1e-5, 1.0, 1.0] + [8.6, 49.3, 0.0, 0.0]),
            r"expected x and y in metres, got a loop of 0\.0051 on a road 9 wide; are they degrees",
        ),
        (text(oval() * [1e-3, 1e-3, 1.0, 1.0]), "expected x and y in metres"),
    ],
)
def test_bad_files_are_refused_with_line_and_remedy(file, content, words):
    with pytest.raises(TrackError, match=f"circuit.csv.*{words}"):
        read(file(content))


def test_files_that_are_no_files(tmp_path, file):
    with pytest.raises(TrackError, match=r"no file .*nowhere\.csv"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(TrackError, match="no file"):
        read(tmp_path)
    with pytest.raises(TrackError, match="at most 32,000,000"):
        read(file(bytes(32_000_001)))
    with pytest.raises(TrackError, match="more than 200,000 lines"):
        read(file("1,2,3,4\n" * 200_001))


def test_every_cut_of_a_file_is_read_or_refused_in_words(file):
    whole = text(oval(20)).encode()
    for end in range(0, len(whole), 7):
        with contextlib.suppress(TrackError):
            check(read(file(whole[:end])))
