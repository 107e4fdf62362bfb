"""A model: the six parts together. A blueprint: the same by name, all that a file or a configuration needs to say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Gt

from emergent import baselines, decoders, encoders, halting, parts, rules, spaces  # noqa: F401 - they register parts
from emergent.genome import Genes, Layout, cosine, embedding
from emergent.randomness import generator
from emergent.verbs import express, genes, levels, parameters, reach, storage

Settings = Mapping[str, Any] | str
_LARGEST_BASIS = 1 << 24  # numbers: 128 MiB


class Model(NamedTuple):
    """An Emergent Model, ready for compiled code.

    Fields:
        space, rule, encoder, halting, decoder: the parts.
        initial_state: (cells,) the program S0, bare cells in reading order: float32 on a grid, uint8 on a tape.
        retained: whether a thought starts from the state in which the last one ended, or from the initial state.
    """

    space: Any
    rule: Any
    encoder: Any
    halting: Any
    decoder: Any
    initial_state: np.ndarray
    retained: bool


@dataclass(frozen=True)
class Program:
    """What of the initial state is trained, and what the rest of it is.

    Args:
        free: whether the initial state is trained at all.
        region: the cells that are trained, None for all: [first, end] of a tape or a line, [row, end, column,
            end] of a grid.
        channel: the channel of a grid or a line that is trained; None for all.
        fill: the value of every other cell.
        centre, spread: real cells: mean and standard deviation in the first population.
        low, high: real cells: trained values are clipped to this range; None: they are not.
        encoding: "direct", a gene for each trained cell; or coefficients that expand to all: of smooth functions,
            "cosine", or of a random subspace, "embedding". See `emergent.genome`.
        coefficients: indirect: how many, 1..trained cells.
        embedding_seed: which random subspace, >= 0.
    """

    __pydantic_config__: ClassVar[dict] = {"extra": "forbid", "allow_inf_nan": False}  # where a configuration holds one

    free: bool = True
    region: Sequence[int] | None = None
    channel: int | None = None
    fill: float = 0.0
    centre: float = 0.0
    spread: Annotated[float, Gt(0)] = 1.0
    low: float | None = None
    high: float | None = None
    encoding: Literal["direct", "cosine", "embedding"] = "direct"
    coefficients: int | None = None
    embedding_seed: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"expected low < high, got {self.low} and {self.high}")

    def places(self, shape: tuple[int, ...]) -> np.ndarray:
        """The trained cells of a space of this shape, in reading order.

        Raises:
            ValueError: the region or the channel lies outside the space.
        """
        return self._region(shape).ravel()

    def basis(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """What expands the genes to the trained cells, (cells, coefficients) float64; None for direct genes.

        Raises:
            ValueError: the encoding is unknown, or the coefficients are none that it takes.
        """
        region = self._region(shape)
        if self.encoding not in ("direct", "cosine", "embedding"):
            raise ValueError(f"initial_state.encoding: expected direct, cosine or embedding, got {self.encoding!r}")
        if self.encoding == "direct":
            if self.coefficients is not None:
                raise ValueError(
                    "initial_state.coefficients: a direct encoding has a gene for each cell; leave them out, or choose "
                    "the encoding cosine or embedding"
                )
            return None
        if type(self.coefficients) is not int or not 1 <= self.coefficients <= region.size:
            raise ValueError(
                f"initial_state.coefficients: expected 1..{region.size}, the trained cells, got {self.coefficients!r}"
            )
        most = _LARGEST_BASIS // region.size
        if self.coefficients > most:
            raise ValueError(
                f"initial_state.coefficients: expected at most {most} for as many as {region.size} trained cells, "
                f"got {self.coefficients}"
            )
        if self.encoding == "cosine":
            return cosine(region.shape, self.coefficients)
        if type(self.embedding_seed) is not int or self.embedding_seed < 0:
            raise ValueError(f"initial_state.embedding_seed: expected an integer >= 0, got {self.embedding_seed!r}")
        return embedding(region.size, self.coefficients, generator(self.embedding_seed, "embedding"))

    def _region(self, shape: tuple[int, ...]) -> np.ndarray:
        """The trained cells as (cells,) of a tape, (channels, rows, columns) of a grid, (channels, cells) of a line."""
        cells = np.arange(np.prod(shape)).reshape(shape)
        sides = len(shape) - (len(shape) > 1)  # the shape of what has channels begins with them
        region = list(self.region) if self.region is not None else [bound for n in shape[-sides:] for bound in (0, n)]
        pairs = list(zip(region[::2], region[1::2], strict=False))
        if len(region) != 2 * sides or any(
            not 0 <= a < b <= n for (a, b), n in zip(pairs, shape[-sides:], strict=True)
        ):
            size = " x ".join(map(str, shape[-sides:]))
            raise ValueError(f"initial_state.region: expected {2 * sides} bounds, first < end, in {size}, got {region}")
        if self.channel is not None:
            if len(shape) == 1:
                raise ValueError("initial_state.channel: a tape has no channels, nor has a line of one; leave it out")
            if not 0 <= self.channel < shape[0]:
                raise ValueError(f"initial_state.channel: expected one in 0..{shape[0] - 1}, got {self.channel}")
            cells = cells[self.channel : self.channel + 1]
        bounds: tuple[Any, ...] = (..., *(slice(a, b) for a, b in pairs))
        return cells[bounds]


@dataclass(frozen=True)
class Blueprint:
    """A model by the names and settings of its parts, with what of it is trained.

    Args:
        space, rule, encoder, halting, decoder: a registered name, or a mapping of a name and settings.
        low, high: (inputs,) bounds of the observation.
        outputs: how many numbers the decoder reads.
        initial_state: see Program; a Program or its fields as a mapping.
        train_rule: whether the parameters of the rule are trained.
        retained: see Model.

    Raises (when built):
        ValueError: a part is unknown, has a wrong setting, or does not fit the others; nothing is trained.
    """

    space: Settings
    rule: Settings
    encoder: Settings
    halting: Settings
    decoder: Settings
    low: Sequence[float]
    high: Sequence[float]
    outputs: int
    initial_state: Program | Mapping[str, Any] = field(default_factory=Program)
    train_rule: bool = False
    retained: bool = True

    @cached_property
    def template(self) -> Model:
        """The model before anything is trained: every trained cell at the centre of its first population, or 0."""
        space = parts.build("space", self.space)
        rule = parts.build("rule", self.rule, space=space)
        space = space._replace(halo=reach(rule))  # the border is as wide as the rule looks; places depend on it
        context = {"space": space, "outputs": self.outputs, **_bounds(self)}
        return Model(
            space,
            rule,
            parts.build("encoder", self.encoder, **context),
            parts.build("halting", self.halting, **context),
            parts.build("decoder", self.decoder, **context),
            self._blank_program(space),
            self.retained,
        )

    @cached_property
    def layout(self) -> Layout:
        """Which slice of a genome fills what."""
        model, program = self.template, self._program
        slices = []
        if program.free:
            shape = storage(model.space).shape
            free, basis = program.places(shape), program.basis(shape)
            name = "initial state" if basis is None else f"initial state, {program.encoding}"
            if states := levels(model.space):
                slices.append(Genes(name, "initial_state", free, levels=states, basis=basis))
            else:
                low = -np.inf if program.low is None else program.low
                high = np.inf if program.high is None else program.high
                slices.append(Genes(name, "initial_state", free, 0, program.centre, program.spread, low, high, basis))
        if self.train_rule:
            slices.extend(genes(model.rule))
        return Layout(slices, model.initial_state, parameters(model.rule))

    def individual(self, initial_state: np.ndarray, rule_parameters: np.ndarray) -> Model:
        """The model with this initial state (cells,) and these parameters of the rule (n,)."""
        model = self.template
        return model._replace(initial_state=initial_state, rule=express(model.rule, rule_parameters))

    def settings(self) -> dict[str, Any]:
        """This blueprint as plain data, for a file."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | _bounds(self) | {"initial_state": asdict(self._program)}

    @property
    def _program(self) -> Program:
        program = self.initial_state
        return program if isinstance(program, Program) else Program(**program)

    def _blank_program(self, space: Any) -> np.ndarray:
        cells, states = storage(space), levels(space)
        program = self._program
        if states and (program.fill != int(program.fill) or not 0 <= program.fill < states):
            raise ValueError(f"initial_state.fill: expected a state in 0..{states - 1}, got {program.fill}")
        return np.full(cells.size, program.fill, np.uint8 if states else np.float32)


@dataclass(frozen=True)
class BaselineBlueprint:
    """A baseline by name and settings, in the form of a Blueprint: see `emergent.baselines`.

    Args:
        baseline: a registered name, or a mapping of a name and settings.
        low, high: (inputs,) bounds of the observation.
        outputs: how many numbers it puts out.
    """

    baseline: Settings
    low: Sequence[float]
    high: Sequence[float]
    outputs: int

    @cached_property
    def template(self) -> Any:
        """The baseline before anything is trained."""
        return parts.build("baseline", self.baseline, outputs=self.outputs, **_bounds(self))

    @cached_property
    def layout(self) -> Layout:
        """Which slice of a genome fills which parameters."""
        return Layout(genes(self.template), np.zeros(0, np.float32), parameters(self.template))

    def individual(self, initial_state: np.ndarray, policy_parameters: np.ndarray) -> Any:  # noqa: ARG002
        """The baseline with these parameters (n,); `initial_state` is empty."""
        return express(self.template, policy_parameters)

    def settings(self) -> dict[str, Any]:
        """This blueprint as plain data, for a file."""
        return {"baseline": self.baseline, "outputs": self.outputs, **_bounds(self)}


def _bounds(blueprint: Blueprint | BaselineBlueprint) -> dict[str, list[float]]:
    """The bounds of its observation as plain data: an environment gives them as arrays."""
    return {"low": [float(bound) for bound in blueprint.low], "high": [float(bound) for bound in blueprint.high]}
