"""Encoders E(x), ⊕: how an observation becomes values, and how these meet the cells.

Every encoder first scales an observation to [0, 1] by its bounds. Its values are written into its cells `once`, before
the first micro-step, or `held` there before every one; by overwriting the cells, by adding to them (modulo the number
of states on a tape), or by exclusive or.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le

from emergent.parts import inside, part
from emergent.places import Place, Zone, places, zone
from emergent.spaces import OPERATIONS, Real, Space
from emergent.verb import kernel
from emergent.verbs import LANES, encode, inject, join, levels

Operation = Literal["overwrite", "add", "xor"]
f32 = np.float32


class Injection(NamedTuple):
    """Real injection: each input, and a constant, goes as it is into a cell of a grid or a line.

    Fields, the first seven the same in every encoder:
        cells: (n,) storage of the cells written to; source: (n,) which value goes there; values: how many values;
        operation: index in OPERATIONS; held: whether to write at every micro-step, or once.
        low, scale: (inputs,) float32: an input x counts as (x - low) * scale.
        clip: whether an input outside its bounds counts as at the bound.
        gain, offset: a scaled input u is injected as gain * u + offset; constant: the last value, always the same, if
        there are more values than inputs.
    """

    cells: np.ndarray
    source: np.ndarray
    values: int
    operation: int
    held: bool
    low: np.ndarray
    scale: np.ndarray
    clip: bool
    gain: float
    offset: float
    constant: float


class Bins(NamedTuple):
    """Thermometer or one-hot: an input lights those of its `bins` cells that its value has reached, or the one it hits.

    Fields: as `Injection`; then bins: cells of an input; lit: the value of a lit cell; thermometer: which of the two.
    """

    cells: np.ndarray
    source: np.ndarray
    values: int
    operation: int
    held: bool
    low: np.ndarray
    scale: np.ndarray
    bins: int
    lit: float
    thermometer: bool


class Rewarded(NamedTuple):
    """Two encoders: `of` for all inputs but the last, `reward` for the last, which is the reward.

    Fields: values, held, low as in `Injection`, of both together.
    """

    of: Any
    reward: Any
    values: int
    held: bool
    low: np.ndarray


class Marker(NamedTuple):
    """Unary: each input has `span` cells, of which one is lit, the further on the larger it is. Fields as in `Bins`."""

    cells: np.ndarray
    source: np.ndarray
    values: int
    operation: int
    held: bool
    low: np.ndarray
    scale: np.ndarray
    span: int
    lit: float


class Patch(NamedTuple):
    """Each input chooses one of `symbols`, whose patch of cells is lit; all other cells are left to live.

    Fields:
        cells: (copies * inputs * symbols * size,) storage of the patches; a value is the number of a symbol.
        size: cells of a patch; cleared: (n,) storage of cells set to 0 before; the rest as in `Bins`.
    """

    cells: np.ndarray
    source: np.ndarray
    values: int
    operation: int
    held: bool
    low: np.ndarray
    scale: np.ndarray
    symbols: int
    size: int
    lit: float
    cleared: np.ndarray


@part("encoder", "injection")
def injection(
    space: Real,
    low: Sequence[float],
    high: Sequence[float],
    at: Place = {"column": 0},  # noqa: B006 - read only
    gain: float = 1.0,
    offset: float = 0.0,
    constant: float | None = 1.0,
    clip: bool = False,
    operation: Operation = "overwrite",
    held: bool = True,
) -> Injection:
    """Each input into a real cell as it is, in the order of the observation; then a constant, or none.

    With `clip` an input outside its bounds counts as at the bound. A gain of 2 and an offset of -1 take the bounds to
    -1 and 1.
    """
    lower, scale = scaling(low, high)
    values = len(lower) + (constant is not None)
    wiring = _wiring(space, at, values, operation, held)
    return Injection(*wiring, lower, scale, clip, gain, offset, 0.0 if constant is None else constant)


@part("encoder", "thermometer")
def thermometer(
    space: Space,
    low: Sequence[float],
    high: Sequence[float],
    at: Place,
    bins: Annotated[int, Ge(1), Le(1024)] = 8,
    lit: float = 1.0,
    operation: Operation = "overwrite",
    held: bool = True,
    presence: Sequence[Zone] = (),
) -> Bins:
    """Each input into `bins` cells, lit from the first up to its value: none at its low, all at its high.

    `presence`: zones of further cells that are lit as soon as the first bin of the first input is.
    """
    bare = _bins(space, low, high, at, bins, lit, operation, held, thermometer=True)
    more = np.concatenate([bare.cells[:0], *(zone(space, some) for some in presence)])
    if len(np.unique([*bare.cells, *more])) < len(bare.cells) + len(more):
        raise ValueError("presence: expected cells that are no bins, each once")
    return bare._replace(
        cells=np.concatenate([bare.cells, more]), source=np.concatenate([bare.source, np.zeros(len(more), int)])
    )


@part("encoder", "one_hot")
def one_hot(
    space: Space,
    low: Sequence[float],
    high: Sequence[float],
    at: Place,
    bins: Annotated[int, Ge(2), Le(1024)] = 8,
    lit: float = 1.0,
    operation: Operation = "overwrite",
    held: bool = True,
) -> Bins:
    """Each input into `bins` cells, of which the one for its value is lit."""
    return _bins(space, low, high, at, bins, lit, operation, held, thermometer=False)


@part("encoder", "marker")
def marker(
    space: Space,
    low: Sequence[float],
    high: Sequence[float],
    at: Place,
    span: Annotated[int, Ge(2), Le(1 << 16)] = 8,
    lit: float = 1.0,
    operation: Operation = "overwrite",
    held: bool = True,
) -> Marker:
    """Each input into `span` cells, of which one is lit: the first at its low, the last at its high, else the nearest.

    With the bounds 0 and span - 1 a whole number n lights cell n: the unary code of the authors' EM-4/3.
    """
    _check_lit(space, lit)
    lower, scale = scaling(low, high)
    wiring = _wiring(space, at, len(lower) * span, operation, held)
    return Marker(*wiring, lower, scale, span, lit)


@part("encoder", "patch")
def patch(
    space: Space,
    low: Sequence[float],
    high: Sequence[float],
    at: Place,
    symbols: Annotated[int, Ge(2), Le(256)],
    size: Annotated[int, Ge(1), Le(1024)] = 3,
    spacing: Annotated[int, Ge(1), Le(1024)] = 5,
    lit: float = 1.0,
    operation: Operation = "overwrite",
    held: bool = True,
    cleared: Sequence[Zone] = (),
) -> Patch:
    """Each input chooses a symbol, 0 at its low and symbols - 1 at its high: the `size` cells of that one are lit.

    Along the cells of an input, symbols begin `spacing` cells apart. Only lit cells are written to, whatever the
    operation, and those of the zones that are `cleared` before. In the authors' Game of Life language model: on a
    board, at {"column": 0, "first": 4}, and the column is cleared.

    Raises:
        ValueError: patches that overlap; or as every encoder.
    """
    if size > spacing:
        raise ValueError(f"spacing: expected at least the size of a patch, {size}, got {spacing}")
    _check_lit(space, lit)
    lower, scale = scaling(low, high)
    length = (symbols - 1) * spacing + size
    cells, _, _, index, held = _wiring(space, at, len(lower) * length, operation, held)
    begins = spacing * np.arange(symbols)[:, None] + np.arange(size)
    cells = cells.reshape(-1, length)[:, begins.ravel()]
    source = np.tile(np.arange(len(lower)), len(cells) // len(lower))
    dark = np.concatenate([np.zeros(0, np.int64), *(zone(space, some) for some in cleared)])
    return Patch(cells.ravel(), source, len(lower), index, held, lower, scale, symbols, size, lit, dark)


def _check_lit(space, lit):
    states = levels(space)
    if states and (lit != int(lit) or not 0 < lit < states):
        raise ValueError(f"lit: expected a state in 1..{states - 1}, got {lit}")


def _bins(space, low, high, at, bins, lit, operation, held, thermometer):
    _check_lit(space, lit)
    lower, scale = scaling(low, high)
    wiring = _wiring(space, at, len(lower) * bins, operation, held)
    return Bins(*wiring, lower, scale, bins, lit, thermometer)


@part("encoder", "rewarded")
def rewarded(
    space: Space, low: Sequence[float], high: Sequence[float], of: str | dict[str, Any], reward: str | dict[str, Any]
) -> Rewarded:
    """An encoder (`of`) for what is observed, and one (`reward`) that writes the last reward into cells of its own.

    The task must observe its reward, as the last number of its observation.

    Raises:
        ValueError: one holds its values and the other does not, they share cells; or as the ones inside.
    """
    bounds = {"low": low[:-1], "high": high[:-1]}, {"low": low[-1:], "high": high[-1:]}
    first, second = (
        inside("encoder", "rewarded", settings, space=space, **some)
        for settings, some in zip((of, reward), bounds, strict=True)
    )
    if first.held != second.held:
        raise ValueError("held: expected the same of both encoders: both at every micro-step, or both once")
    if set(first.cells) & set(second.cells):
        raise ValueError("at: expected cells of its own for the reward, and some are those of the observation")
    lower, _ = scaling(low, high)
    return Rewarded(first, second, first.values + second.values, first.held, lower)


def scaling(low: Sequence[float], high: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The offset and factor that take [low, high] to [0, 1]."""
    lower, upper = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if lower.ndim != 1 or lower.shape != upper.shape or not len(lower):
        raise ValueError(f"expected as many bounds low as high, at least one, got {lower.shape} and {upper.shape}")
    bad = ~(np.isfinite(lower) & np.isfinite(upper) & (lower < upper))
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(
            f"input {i} has the bounds [{lower[i]}, {upper[i]}]: a policy needs finite bounds, low < high; "
            "give them as bounds of the task (task.bounds), or as low and high of the Blueprint"
        )
    return lower.astype(f32), (1.0 / (upper - lower)).astype(f32)


def _wiring(
    space: Space, at: Place, values: int, operation: str, held: bool
) -> tuple[np.ndarray, np.ndarray, int, int, bool]:
    """The fields every encoder begins with."""
    states = levels(space)
    if operation == "xor" and (not states or states & (states - 1)):
        kind = f"{states} states" if states else "real cells"
        raise ValueError(
            f"operation xor needs cells with 2, 4, 8 ... states, this space has {kind}; use overwrite or add"
        )
    cells = places(space, at, values)
    source = np.tile(np.arange(values), len(cells))
    return cells.ravel(), source, values, OPERATIONS.index(operation), held


@encode.on(Injection)
def encode_injection(encoder, observation, values):
    gain, offset = f32(encoder.gain), f32(encoder.offset)
    inputs = len(encoder.low)
    for i in range(inputs):
        share = (observation[i] - encoder.low[i]) * encoder.scale[i]
        values[i] = gain * (_within(share) if encoder.clip else share) + offset
    if encoder.values > inputs:
        values[inputs] = encoder.constant


@kernel
def _share(encoder, observation, i):
    """Input i scaled to [0, 1], what is outside its bounds counting as at the bound."""
    return _within((observation[i] - encoder.low[i]) * encoder.scale[i])


@kernel
def _within(share):
    return min(max(share, f32(0.0)), f32(1.0))


@encode.on(Bins)
def encode_bins(encoder, observation, values):
    for i in range(len(encoder.low)):
        share = _share(encoder, observation, i)
        first = i * encoder.bins
        if encoder.thermometer:
            reached = int(share * encoder.bins + f32(0.5))
            for j in range(encoder.bins):
                values[first + j] = encoder.lit if j < reached else 0
        else:
            inside = min(int(share * encoder.bins), encoder.bins - 1)
            for j in range(encoder.bins):
                values[first + j] = encoder.lit if j == inside else 0


@encode.on(Marker)
def encode_marker(encoder, observation, values):
    for i in range(len(encoder.low)):
        place = int(_share(encoder, observation, i) * f32(encoder.span - 1) + f32(0.5))
        for j in range(encoder.span):
            values[i * encoder.span + j] = encoder.lit if j == place else 0


@encode.on(Patch)
def encode_patch(encoder, observation, values):
    for i in range(len(encoder.low)):
        values[i] = int(_share(encoder, observation, i) * f32(encoder.symbols - 1) + f32(0.5))


@encode.on(Rewarded)
def encode_rewarded(encoder, observation, values):
    inputs, taken = len(encoder.of.low), encoder.of.values
    encode(encoder.of, observation[:inputs], values[:taken])
    encode(encoder.reward, observation[inputs:], values[taken:])


@inject.on(Rewarded)
def inject_rewarded(encoder, space, values, states):
    inject(encoder.of, space, values[: encoder.of.values], states)
    inject(encoder.reward, space, values[encoder.of.values :], states)


@inject.on(Patch)
def inject_patch(encoder, space, values, states):
    lit = states.dtype.type(encoder.lit)
    for i in range(len(encoder.cleared)):
        for lane in range(LANES):
            states[encoder.cleared[i], lane] = 0
    for line in range(len(encoder.source)):
        for lane in range(LANES):
            symbol = int(values[encoder.source[line], lane])
            first = (line * encoder.symbols + symbol) * encoder.size
            for i in range(first, first + encoder.size):
                cell = encoder.cells[i]
                states[cell, lane] = join(space, encoder.operation, states[cell, lane], lit)


@inject.default
def inject_values(encoder, space, values, states):
    for i in range(len(encoder.cells)):
        cell, source = encoder.cells[i], encoder.source[i]
        for lane in range(LANES):
            states[cell, lane] = join(space, encoder.operation, states[cell, lane], values[source, lane])
