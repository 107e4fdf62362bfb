"""Places and zones: which cells of a space a part means, as a configuration says it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emergent.spaces import Space
from emergent.verbs import storage

Place = dict[str, int | list[int]] | list[int] | list[tuple[int, int]]  # see `places`
Zone = dict[str, int | tuple[int, int] | tuple[int, int, int]] | list[int] | list[tuple[int, int]]  # see `zone`


def places(space: Space, at: Any, count: int) -> np.ndarray:
    """The storage of the cells meant by `at`, `count` of them or a multiple of it: (copies, count) integers.

    Args:
        space: its halo settled.
        at: a Place. On a tape or a line, the cell of each; or {"first": f, "every": e}: cells f, f + e, f + 2e ...;
            several firsts, {"first": [f, g], "every": e}: a copy from each. On a grid or a board, the [row, column] of
            each, in the first channel; or {"column": c} or {"row": r}: spread evenly along it, with "first" and "every"
            as on a tape. Several columns or rows, {"column": [c, d]}: a copy in each. Negative numbers count from the
            end.
        count: how many cells are asked for.

    Raises:
        ValueError: a cell outside the space, one cell for two, or a number of cells that is no multiple of `count`.
    """
    cells = _first_line(space)
    if not isinstance(at, Mapping):
        found = _listed(cells, at)
    elif cells.ndim == 1 and at.keys() <= {"first", "every"}:
        found = _pick(cells, (_along(at, len(cells), count).ravel(),))
    elif cells.ndim == 3 and at.keys() - {"first", "every"} in ({"row"}, {"column"}):
        axis = "row" if "row" in at else "column"
        lines, length = np.atleast_1d(at[axis]), cells.shape[2 if axis == "row" else 1]
        if len(at) > 1:
            steps, *others = _along(at, length, count)
            if others:
                raise ValueError(f"at: expected one first, got {at['first']!r}; for copies give several {axis}s")
        else:
            steps = np.floor((np.arange(count) + 0.5) * length / count).astype(int)  # middles of `count` equal parts
        along, across = np.tile(steps, len(lines)), np.repeat(lines, count)
        found = _pick(cells, (0 * along, across, along) if axis == "row" else (0 * along, along, across))
    else:
        form = '{"first": f, "every": e}' if cells.ndim == 1 else '{"column": c} or {"row": r}'
        raise ValueError(f"at: expected {form} or a list of cells, got {at!r}")
    if len(found) % count:
        raise ValueError(f"at: expected {count} cells or a multiple of it, got {len(found)}")
    if len(np.unique(found)) < len(found):
        raise ValueError(
            f"at: {at!r} is too short for {len(found)} cells, or names one twice; "
            f"the space has {' x '.join(map(str, cells.shape))}"
        )
    return found.reshape(-1, count)


def _first_line(space: Space) -> np.ndarray:
    """Where cells stand that may be named: all, but of a line those of the first channel."""
    cells: np.ndarray = storage(space)
    return cells[0] if cells.ndim == 2 else cells


def _along(at: Mapping, length: int, count: int) -> np.ndarray:
    """`count` steps along a line of cells from each "first" on, (firsts, count)."""
    return np.atleast_1d(at.get("first", 0))[:, None] % length + at.get("every", 1) * np.arange(count)


def zone(space: Space, wanted: Any) -> np.ndarray:
    """The storage of the cells of a zone, (n,) integers.

    Args:
        space: its halo settled.
        wanted: a Zone. On a tape or a line {"cells": [first, end]}; else {"column": c}, {"row": r} or {"rows": [first,
            end], "columns": [first, end]}, in the first channel; a range [first, end, every] leaves cells out. Or a
            list of cells as in `places`.

    Raises:
        ValueError: a cell outside the space, or none at all.
    """
    cells = _first_line(space)
    if not isinstance(wanted, Mapping):
        found = _listed(cells, wanted)
    elif cells.ndim == 1 and wanted.keys() == {"cells"}:
        found = _pick(cells, (_range("cells", wanted["cells"]),))
    elif cells.ndim == 3 and wanted.keys() in ({"row"}, {"column"}):
        ((axis, line),) = wanted.items()
        if not isinstance(line, int):
            raise ValueError(f"zone: expected one {axis}, got {line!r}; for several give rows and columns")
        found = _pick(cells, (0, line) if axis == "row" else (0, slice(None), line))
    elif cells.ndim == 3 and wanted.keys() == {"rows", "columns"}:
        found = _pick(cells, (0, *np.ix_(_range("rows", wanted["rows"]), _range("columns", wanted["columns"])))).ravel()
    else:
        form = (
            '{"cells": [first, end]}' if cells.ndim == 1 else '{"column": c}, {"row": r} or {"rows": .., "columns": ..}'
        )
        raise ValueError(f"zone: expected {form} or a list of cells, got {wanted!r}")
    if not found.size:
        raise ValueError(f"zone: {wanted!r} holds no cell; give a range as [first, end], first < end")
    return found


def _range(name: str, ends: Any) -> np.ndarray:
    """The integers from the first of two ends up to the other, all of them or in steps of a third number."""
    if np.shape(ends) not in ((2,), (3,)) or min(ends[2:], default=1) < 1:
        raise ValueError(f"zone: expected {name} as [first, end] or [first, end, every], got {ends!r}")
    return np.arange(*ends)


def _listed(cells: np.ndarray, wanted: Any) -> np.ndarray:
    """Cells given one by one."""
    listed = np.asarray(wanted)
    if listed.ndim != (2 if cells.ndim > 1 else 1) or not listed.size or listed.dtype.kind not in "iu":
        raise ValueError(f"expected a list of {'[row, column] pairs' if cells.ndim > 1 else 'cells'}, got {wanted!r}")
    return _pick(cells, (np.zeros(len(listed), int), *listed.T) if cells.ndim > 1 else (listed,))


def _pick(cells: np.ndarray, index: tuple) -> np.ndarray:
    try:
        return cells[index]
    except IndexError:
        raise ValueError(f"a cell lies outside the space of {' x '.join(map(str, cells.shape))} cells") from None
