"""Real circuits: a CSV file of centre points and widths, made into a track.

The format is `x_m, y_m, w_tr_right_m, w_tr_left_m`, a closed loop in metres, as in the racetrack database of TUM's
Institute of Automotive Technology. Real files are read as they stand, with headers, separators, column orders and a
repeated first point of all kinds; what cannot be a track is refused with its line and a remedy.
"""

import re
from pathlib import Path

import numpy as np

from envs import polyline
from envs.track import Track, TrackError, check, folds

COLUMNS = ("x_m", "y_m", "w_tr_right_m", "w_tr_left_m")
MAX_BYTES = 32_000_000
MAX_ROWS = 200_000
MAX_LENGTH = 100_000.0  # m
MAX_WIDTH = 300.0  # m of the whole road
MIN_ROWS = 10
SPACING = 2.5  # m between stations, less on roads narrower than four times that
MAX_TRIM = 0.25  # the share of the road's width that may be taken away at a tight inner edge

_TRIM_STEP = 0.98
_SPREAD = 0.5  # m of half-width per metre of way: how fast a trimmed edge may come back
_WORDS = {"x": 0, "y": 1, "right": 2, "wr": 2, "r": 2, "left": 3, "wl": 3, "l": 3}
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(e[-+]?\d+)?", re.IGNORECASE)


def read(path: str | Path, scale: float = 1.0) -> Track:
    """The track in a CSV file, with stations about 2.5 m apart on the smooth curve through its points.

    Args:
        path: CSV, columns in the order of `COLUMNS` or as a header line names them, with or without `#`: also as `WR`
            and `WL`, or as one `width` of the whole road. Separated by commas, semicolons, tabs or blanks; but for the
            first, decimal commas will do.
        scale: centre line and widths are multiplied by it.

    Returns:
        The track; its `note` says by how much the inner edge of a hairpin had to be trimmed, if it had to.

    Raises:
        TrackError: file, line, what was expected, what came and what to do.
    """
    file = Path(path)
    if not (np.isfinite(scale) and scale > 0.0):
        raise TrackError(f"expected a scale above 0, got {scale}; 1 keeps the size, 0.5 halves it")
    rows, lines = _parse(file, _text(file))
    rows = rows * scale
    rows, lines = _closed(file, rows, lines)
    _check_units(file, rows, lines)
    track, place = _lay(file, rows)
    try:
        return check(_trim(track))
    except TrackError as error:
        if error.station is None:
            raise TrackError(f"{file.name}: {error}") from None
        line = lines[int(place[error.station]) % len(lines)]
        raise TrackError(f"{file.name}, near line {line}: {error}", error.station) from None


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            raise TrackError(f"no file {file}; expected a CSV file with the columns {', '.join(COLUMNS)}")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise TrackError(f"{file.name} has {size:,} bytes, expected at most {MAX_BYTES:,}; is it a track?")
        content = file.read_bytes()
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise TrackError(f"{file.name} is no text in UTF-8; save it as a CSV file in plain text") from None
    except OSError as error:
        raise TrackError(f"{file.name} cannot be read: {error.strerror}; check the path and its permissions") from None


# --- from text to rows -----------------------------------------------------------------------------------------------


def _parse(file: Path, text: str) -> tuple[np.ndarray, list[int]]:
    """The rows (n, 4) in the order of `COLUMNS` and the number of the line that each stands in."""
    order: list[int] | None = None
    values: list[list[float]] = []
    lines: list[int] = []
    if text.count("\n") > MAX_ROWS:
        raise TrackError(f"{file.name} has more than {MAX_ROWS:,} lines; thin it out, one point per metre is plenty")
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        comment = bare.startswith("#")
        cells = _split(bare.lstrip("# \t").partition("#")[0])
        if not cells:
            continue
        if comment or (not values and order is None and not any(map(_is_number, cells))):
            named = None if values else _order(cells)
            if named is None and not comment:
                raise TrackError(
                    f"{file.name}, line {number}: expected a header that names {', '.join(COLUMNS)}, got {bare[:80]!r}"
                    "; name the columns so, both widths too, or leave the header out"
                )
            order = named or order
            continue
        values.append(_row(file, number, cells, order or [0, 1, 2, 3]))
        lines.append(number)
    if len(values) < MIN_ROWS:
        raise TrackError(f"{file.name}: expected at least {MIN_ROWS} rows of points, got {len(values)}; add points")
    return np.array(values), lines


def _split(line: str) -> list[str]:
    blank = line.split()
    if blank and all(map(_DECIMAL_COMMA.fullmatch, blank)):  # its commas separate nothing
        separator = None
    else:
        separator = next((mark for mark in (";", "\t", ",") if mark in line), None)
    cells = [cell.strip().strip("\"'").strip() for cell in line.split(separator)]
    while cells and not cells[-1]:  # a separator at the end of the line
        cells.pop()
    return [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _order(cells: list[str]) -> list[int] | None:
    """Which cell holds each of `COLUMNS`, if these cells name all of them, whatever they are called in detail.

    The last two are the same cell where there is but one width, of the whole road.
    """
    found: dict[int, int] = {}
    whole = None
    for position, cell in enumerate(cells):
        name = cell.lower()
        words = set(re.split(r"[^a-z]+", name)) | {side for side in ("right", "left") if side in name}
        for word, column in _WORDS.items():
            if word in words and column not in found:
                found[column] = position
        if whole is None and words & {"width", "w"} and not words & {"right", "left"}:
            whole = position
    if whole is not None and not found.keys() & {2, 3}:
        found[2] = found[3] = whole
        return [found[column] for column in range(4)] if len(found) == 4 else None
    return [found[column] for column in range(4)] if len(set(found.values())) == 4 else None


def _row(file: Path, number: int, cells: list[str], order: list[int]) -> list[float]:
    where = f"{file.name}, line {number}"
    if len(cells) <= max(order) or (order == [0, 1, 2, 3] and len(cells) != 4):
        remedy = "complete the line" if len(cells) < 4 else "leave out the others, or name the columns in a header"
        raise TrackError(f"{where}: expected the columns {', '.join(COLUMNS)}, got {len(cells)} cells; {remedy}")
    row = []
    for name, position in zip(COLUMNS, order, strict=True):
        if not _is_number(cells[position]):
            raise TrackError(f"{where}: expected a number for {name}, got {cells[position][:40]!r}; correct that cell")
        row.append(float(cells[position]))
    if not np.isfinite(row).all():
        raise TrackError(f"{where}: expected finite numbers, got {', '.join(cells[:8])}; fill that gap or leave it out")
    if min(row[2:]) <= 0.0:
        raise TrackError(
            f"{where}: expected widths above 0 m, got {row[2]:g} to the right and {row[3]:g} to the left; both are "
            "distances from the centre line to the edge"
        )
    if order[2] == order[3]:
        row[2:] = 0.5 * row[2], 0.5 * row[3]
    return row


# --- from rows to a track --------------------------------------------------------------------------------------------


def _closed(file: Path, rows: np.ndarray, lines: list[int]) -> tuple[np.ndarray, list[int]]:
    """Drop points that repeat the one before, the first one at the end too, and see that the rest is a closed loop."""
    steps = polyline.gaps(rows[:, :2])
    length = float(steps.sum())
    if not 0.0 < length <= MAX_LENGTH:
        raise TrackError(
            f"{file.name}: expected a loop of up to {MAX_LENGTH / 1000:g} km, got {length / 1000:g} km; give metres, "
            "or a smaller scale"
        )
    kept = np.flatnonzero(steps > 1e-6 * length / len(rows))  # a point is dropped in favour of its repetition
    rows, lines, steps = rows[kept], [lines[i] for i in kept], steps[kept]
    if len(rows) < MIN_ROWS:
        raise TrackError(f"{file.name}: expected at least {MIN_ROWS} different points, got {len(rows)}; add points")
    usual, last = float(np.median(steps)), float(steps[-1])
    if last > max(10.0 * usual, 2.0 * float(steps[:-1].max())):
        raise TrackError(
            f"{file.name}, line {lines[-1]}: the track is not closed: {last:.1f} m from the last point back to the "
            f"first where points are {usual:.1f} m apart; add the missing points or take a closed circuit",
        )
    return rows, lines


def _check_units(file: Path, rows: np.ndarray, lines: list[int]) -> None:
    """Refuse what cannot be metres: degrees and kilometres make a loop shorter than wide, millimetres a huge road."""
    wide = rows[:, 2] + rows[:, 3]
    for i in np.flatnonzero(wide > MAX_WIDTH)[:1]:
        raise TrackError(
            f"{file.name}, line {lines[i]}: expected a road up to {MAX_WIDTH:g} m wide, got {wide[i]:g} m; "
            "give metres, or a smaller scale"
        )
    length = float(polyline.gaps(rows[:, :2]).sum())
    if length < wide.mean():
        raise TrackError(
            f"{file.name}: expected x and y in metres, got a loop of {length:.3g} on a road {wide.mean():.3g} wide; "
            "are they degrees or kilometres? Project them to metres"
        )


def _lay(file: Path, rows: np.ndarray) -> tuple[Track, np.ndarray]:
    """The track on equally spaced stations, and where each of these stands among the rows."""
    spacing = min(SPACING, 0.25 * float((rows[:, 2] + rows[:, 3]).mean()))
    length = polyline.gaps(rows[:, :2]).sum()
    if length / spacing > MAX_ROWS:
        raise TrackError(
            f"{file.name}: a road {4.0 * spacing:.2g} m wide and {length:.0f} m long has too many stations; "
            "check its widths"
        )
    points, place, _, _ = polyline.resample(np.ascontiguousarray(rows[:, :2]), spacing)
    right, left = polyline.at(rows[:, 2], place), polyline.at(rows[:, 3], place)
    return Track(file.stem, points, left, right, "circuits"), place


def _trim(track: Track) -> Track:
    """Narrow the inner edge just enough that no quad folds, where a hairpin turns tighter than its road is wide.

    Where that takes more than `MAX_TRIM` of the width the track is left as it is, for `check` to refuse.
    """
    bend = polyline.curvature(track.centre)
    left, right = track.left.copy(), track.right.copy()
    spread = _SPREAD * float(track.gaps.mean())
    for _ in range(60):
        trimmed = Track(track.name, track.centre, left, right, track.family)
        folded = np.flatnonzero(folds(trimmed.left_edge, trimmed.right_edge))
        if not len(folded):
            break
        for i in folded:
            inner = left if bend[i] + bend[(i + 1) % len(bend)] > 0.0 else right
            inner[[i, (i + 1) % len(bend)]] *= _TRIM_STEP
        for edge in (left, right):
            _soften(edge, spread)
    lost = (track.left + track.right - left - right) / (track.left + track.right)
    worst = int(lost.argmax())
    if lost[worst] < 1e-3 or lost[worst] > MAX_TRIM:
        return track
    note = (
        f"inner edge trimmed at {int((lost > 1e-3).sum())} stations, most at station {worst} "
        f"({track.stations[worst]:.0f} m): {100.0 * lost[worst]:.0f} % of "
        f"{track.left[worst] + track.right[worst]:.1f} m, because the road is wider than its turn"
    )
    return Track(track.name, track.centre, left, right, track.family, note)


def _soften(edge: np.ndarray, spread: float) -> None:
    """Lower `edge` (n,) in place where it rises by more than `spread` from one station to the next."""
    for way in (1, -1):
        for _ in range(2):  # twice around: the ring has no beginning
            for i in range(len(edge))[::way]:
                edge[i] = min(edge[i], edge[(i - way) % len(edge)] + spread)
