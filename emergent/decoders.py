"""Decoders D(s): how the output is read off the halted state. Each output has a zone: a cell, or several."""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.parts import part
from emergent.places import Place, Zone, places, zone
from emergent.rules.tallying import tallies
from emergent.spaces import Board, Discrete, Real, Space, activity
from emergent.verb import kernel
from emergent.verbs import decode, levels

f32 = np.float32


class Readout(NamedTuple):
    """Output j is gain times the mean of its zone.

    Fields:
        cells: storage of the zones' cells, zone after zone.
        first: (outputs + 1,) where each begins: zone j is cells[first[j] : first[j + 1]].
    """

    cells: np.ndarray
    first: np.ndarray
    gain: float


class ZoneCounts(NamedTuple):
    """Output j is 2 gain (share - level), where share is how much of its zone is in `state`; fields as Readout."""

    cells: np.ndarray
    first: np.ndarray
    gain: float
    state: int
    level: float


class MarkerPosition(NamedTuple):
    """Output j is where the last cell in `state` stands in its zone, from -gain to gain; fields as Readout."""

    cells: np.ndarray
    first: np.ndarray
    gain: float
    state: int


class Sign(NamedTuple):
    """Two outputs: the second is 1 where the second zone holds as much as the first or more, else the first; or -1.

    Fields: as Readout, but for the gain; of a real space zones hold the sums of their cells, else how many of them are
        in `state`.
    """

    cells: np.ndarray
    first: np.ndarray
    discrete: bool
    state: int


class BorderSoftmax(NamedTuple):
    """The outputs are probabilities: the softmax of the zones' activities over `temperature`; fields as Readout.

    Fields:
        discrete: whether cells have states, of which those not in state 0 count; else absolute values are summed.
    """

    cells: np.ndarray
    first: np.ndarray
    temperature: float
    discrete: bool


class TallySoftmax(NamedTuple):
    """The outputs are probabilities: the softmax over `temperature` of smoothed tallies; see `emergent.rules.tallying`.

    Fields:
        cells: storage of the tallies around the row of each output, one output after another; first: as Readout.
        weights: (cells,) float32: how much each counts.
        relative: whether the largest smoothed tally counts as 1 before the softmax.
    """

    cells: np.ndarray
    first: np.ndarray
    weights: np.ndarray
    temperature: float
    relative: bool


@part("decoder", "readout")
def readout(
    space: Real, outputs: int, at: Place | None = None, zones: Sequence[Zone] | None = None, gain: float = 1.0
) -> Readout:
    """Each output from one real cell (`at`), or from the mean of a zone (`zones`), times a gain.

    Raises:
        ValueError: both or neither are given, or not one for each output.
    """
    if (at is None) == (zones is None):
        raise ValueError("give either at, a cell for each output, or zones, several cells for each")
    if at is None:
        return Readout(*_together(space, zones or (), outputs), gain)
    cells = places(space, at, outputs)
    if len(cells) != 1:
        raise ValueError(
            f"at: expected one cell for each of {outputs} outputs, got {cells.size}; use zones for several"
        )
    return Readout(cells[0], np.arange(outputs + 1), gain)


@part("decoder", "zone_counts")
def zone_counts(
    space: Discrete,
    outputs: int,
    zones: Sequence[Zone],
    state: Annotated[int, Ge(1)] = 1,
    gain: float = 1.0,
    level: Annotated[float, Ge(0), Le(1)] = 0.5,
) -> ZoneCounts:
    """Each output from a zone of a tape or a board: 2 gain (share - level), of the share of its cells in `state`.

    At a level of 0.5 that is -gain if no cell is in the state, and gain if all are.

    Raises:
        ValueError: not one zone for each output, or a state that the space does not have.
    """
    _check_state(space, state)
    return ZoneCounts(*_together(space, zones, outputs), gain, state, level)


@part("decoder", "marker_position")
def marker_position(
    space: Discrete, outputs: int, zones: Sequence[Zone], state: Annotated[int, Ge(1)] = 1, gain: float = 1.0
) -> MarkerPosition:
    """Each output from where the rightmost cell in a state stands in a zone: at its first cell -gain, at its last gain.

    Without any it is -gain as well.

    Raises:
        ValueError: not one zone for each output, a zone of a single cell, or a state that the space does not have.
    """
    _check_state(space, state)
    cells, first = _together(space, zones, outputs)
    if np.diff(first).min() < 2:
        raise ValueError("zones: expected at least two cells in each, for a marker to have a position among them")
    return MarkerPosition(cells, first, gain, state)


@part("decoder", "sign")
def sign(
    space: Space,
    outputs: int,
    at: Place | None = None,
    zones: Sequence[Zone] | None = None,
    state: Annotated[int, Ge(1)] = 1,
) -> Sign:
    """Two outputs, of which the larger is the second by a value of at least 0, and else the first: for two actions.

    The value is that of one real cell (`at`), or what the second of two `zones` holds more than the first: of cells
    that have states, how many in `state`. A value that is no finite number has no sign, and counts as not halted.

    Raises:
        ValueError: not two outputs, both or neither of `at` and `zones`, not one cell or two zones.
    """
    if outputs != 2:
        raise ValueError(f"a sign has two outputs, one for each of two actions; expected a task of 2, got {outputs}")
    if (at is None) == (zones is None):
        raise ValueError("give either at, a real cell, or zones, two that are compared")
    discrete = levels(space) > 0
    if at is None:
        if discrete:
            _check_state(space, state)
        return Sign(*_together(space, zones or (), outputs), discrete, state)
    if discrete:
        raise ValueError("at: expected zones in a space whose cells have states, for a state has no sign")
    cells = places(space, at, 1)
    if cells.size != 1:
        raise ValueError(f"at: expected one cell, got {cells.size}")
    return Sign(cells[0], np.array([0, 0, 1]), discrete, state)


@part("decoder", "border_softmax")
def border_softmax(
    space: Space, outputs: int, zones: Sequence[Zone], temperature: Annotated[float, Gt(0)] = 1.0
) -> BorderSoftmax:
    """Each output the probability of a zone, such as a part of an edge: the softmax of how active the zones are.

    Raises:
        ValueError: not one zone for each output.
    """
    return BorderSoftmax(*_together(space, zones, outputs), temperature, levels(space) > 0)


@part("decoder", "tally_softmax")
def tally_softmax(
    space: Board,
    outputs: int,
    row: Annotated[int, Ge(0)] = 5,
    spacing: Annotated[int, Ge(1)] = 5,
    smoothing: list[float] = [0.2, 0.5, 1.0, 0.5, 0.2],  # noqa: B006 - read only
    temperature: Annotated[float, Gt(0)] = 1.0,
    relative: bool = True,
) -> TallySoftmax:
    """Each output the probability of a row: the first `row`, and the others `spacing` rows apart.

    Tallies are smoothed by a kernel of odd length first. With `relative` they count as shares of the largest, as the
    authors have them before their softmax. If there is none at these rows, all outputs are equally likely.

    Raises:
        ValueError: rows beyond the board, smoothing of even length or by negative numbers; the rule keeps no tallies.
    """
    last = row + (outputs - 1) * spacing
    if last >= space.height:
        raise ValueError(f"row: {outputs} rows from {row} on, {spacing} apart, end at {last}, of 0..{space.height - 1}")
    if len(smoothing) % 2 == 0 or min(smoothing) < 0 or smoothing[len(smoothing) // 2] <= 0:
        raise ValueError(f"smoothing: expected an odd number of numbers >= 0, the middle one above 0, got {smoothing}")
    kept, reach = tallies(space), len(smoothing) // 2
    found = []
    for middle in range(row, last + 1, spacing):
        around = np.arange(middle - reach, middle + reach + 1)
        inside = (around >= 0) & (around < space.height)
        found.append((kept[around[inside]], np.asarray(smoothing, f32)[inside]))
    cells, weights = (np.concatenate(some) for some in zip(*found, strict=True))
    first = np.cumsum([0, *(len(some) for some, _ in found)])
    return TallySoftmax(cells, first, weights, temperature, relative)


def _check_state(space: Space, state: int) -> None:
    if state >= levels(space):
        raise ValueError(f"state: expected one in 1..{levels(space) - 1}, got {state}")


def _together(space: Space, zones: Sequence[Zone], outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The cells of all zones, and where each begins."""
    if len(zones) != outputs:
        raise ValueError(f"zones: expected one for each of {outputs} outputs, got {len(zones)}")
    found = [zone(space, wanted) for wanted in zones]
    return np.concatenate(found), np.cumsum([0, *map(len, found)])


@decode.on(Readout)
def decode_readout(decoder, state, output):
    for j in range(len(output)):
        total = f32(0.0)
        for i in range(decoder.first[j], decoder.first[j + 1]):
            total += state[decoder.cells[i]]
        output[j] = f32(decoder.gain) * total / f32(decoder.first[j + 1] - decoder.first[j])


@decode.on(ZoneCounts)
def decode_zone_counts(decoder, state, output):
    for j in range(len(output)):
        count = 0
        for i in range(decoder.first[j], decoder.first[j + 1]):
            count += state[decoder.cells[i]] == decoder.state
        share = f32(count) / f32(decoder.first[j + 1] - decoder.first[j])
        output[j] = f32(2.0) * f32(decoder.gain) * (share - f32(decoder.level))


@decode.on(MarkerPosition)
def decode_marker_position(decoder, state, output):
    for j in range(len(output)):
        first, last = decoder.first[j], decoder.first[j + 1] - 1
        place = last
        while place > first and state[decoder.cells[place]] != decoder.state:
            place -= 1
        share = f32(place - first) / f32(last - first)
        output[j] = f32(decoder.gain) * (f32(2.0) * share - f32(1.0))


@decode.on(Sign)
def decode_sign(decoder, state, output):
    value = f32(0.0)
    for i in range(decoder.first[2]):
        cell = state[decoder.cells[i]]
        held = f32(cell == decoder.state) if decoder.discrete else f32(cell)
        value += held if i >= decoder.first[1] else -held
    if math.isfinite(value):
        output[1] = f32(1.0) if value >= 0 else f32(-1.0)
        output[0] = -output[1]
    else:
        output[0] = output[1] = value


@decode.on(BorderSoftmax)
def decode_border_softmax(decoder, state, output):
    for j in range(len(output)):
        output[j] = 0
        for i in range(decoder.first[j], decoder.first[j + 1]):
            output[j] += activity(state[decoder.cells[i]], decoder.discrete)
    _softmax(output, decoder.temperature)


@decode.on(TallySoftmax)
def decode_tally_softmax(decoder, state, output):
    most = f32(0.0)
    for j in range(len(output)):
        output[j] = 0
        for i in range(decoder.first[j], decoder.first[j + 1]):
            output[j] += decoder.weights[i] * f32(state[decoder.cells[i]])
        most = max(most, output[j])
    if decoder.relative and most > 0:
        for j in range(len(output)):
            output[j] /= most
    _softmax(output, decoder.temperature)


@kernel
def _softmax(output, temperature):
    """Probabilities in the place of numbers >= 0."""
    most = f32(0.0)
    for j in range(len(output)):
        most = max(most, output[j])
    total = 0.0
    for j in range(len(output)):  # no exponent is positive and one is 0: neither overflow nor division by 0
        output[j] = f32(math.exp(float(output[j] - most) / temperature))
        total += float(output[j])
    for j in range(len(output)):
        output[j] = f32(float(output[j]) / total)
