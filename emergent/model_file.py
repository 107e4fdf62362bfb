"""Model files: a trained policy in one file that is safe to open.

The file holds numbers, and the names of parts with their settings. Opening it looks the parts up among those registered
and has their constructors check the settings; nothing in it is imported or run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from emergent.files import DamagedFileError, load_container, save_container
from emergent.genome import Genes
from emergent.model import BaselineBlueprint, Blueprint
from emergent.verbs import genes, levels, parameters, storage

FORMAT, FORMAT_VERSION = "emergent-model", 1
_LARGEST = 64 << 20  # bytes, unpacked
_MOST_OUTPUTS = 4096
KINDS = {"model": Blueprint, "baseline": BaselineBlueprint}
_USES = {  # of a file of each kind, for whoever takes it for another
    **dict.fromkeys(KINDS, "acts in a world: use `emergent evaluate`, `verify` or `replay`"),
    "tape": "computes with integers: use `emergent predict`, `evaluate`, `verify` or `export`",
}


@dataclass(frozen=True)
class ModelFile:
    """A trained policy and what is known of it.

    Args:
        blueprint: its parts.
        initial_state: (cells,) the program; (0,) for a baseline.
        parameters: (n,) of its rule, or of the baseline.
        genome: (genes,) float64 that it grew from.
        about: JSON data: the task, seeds, scores, imports; whatever its maker wrote down.
    """

    blueprint: Blueprint | BaselineBlueprint
    initial_state: np.ndarray
    parameters: np.ndarray
    genome: np.ndarray
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def grown(
        cls, blueprint: Blueprint | BaselineBlueprint, genome: np.ndarray, about: Mapping[str, Any]
    ) -> "ModelFile":
        """The individual that grows from `genome` (genes,)."""
        initial_states, rule_parameters = blueprint.layout.grow(genome[None])
        return cls(blueprint, initial_states[0], rule_parameters[0], np.array(genome, np.float64), about)

    @property
    def policy(self) -> Any:
        """The record that compiled code takes."""
        return self.blueprint.individual(self.initial_state, self.parameters)


def save(path: Path, model: ModelFile) -> None:
    """Write a model file, whole or not at all."""
    kind = next(kind for kind, cls in KINDS.items() if isinstance(model.blueprint, cls))
    layout = model.blueprint.layout.describe().splitlines()
    header = header_of(kind, model.about, blueprint=model.blueprint.settings(), layout=layout)
    arrays = {"initial_state": model.initial_state, "parameters": model.parameters, "genome": model.genome}
    save_container(path, header, arrays)


def load(path: Path) -> ModelFile:
    """Read a model file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFileError: it is no model file, is damaged, or holds what no model can.
        UnknownPartError: a part of it is not registered here: import the file that registers it first.
        ValueError: a setting of a part is not one it takes; or the file holds a model of another kind.
    """
    header, arrays = read(path, tuple(KINDS))
    try:
        blueprint = KINDS[header["kind"]](**header["blueprint"])
        _check_plan(path, blueprint)
        about, genome = dict(header["about"]), arrays["genome"]
        model = ModelFile(blueprint, arrays["initial_state"], arrays["parameters"], genome, about)
        _check(path, model)
    except (AttributeError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{path}: incomplete ({error}); use another copy") from None
    return model


def header_of(kind: str, about: Mapping[str, Any], **described: Any) -> dict[str, Any]:
    """The header of a model file of this kind; `described` by what its kind needs besides."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": {name: metadata.version(name) for name in ("numpy", "numba")},
        "kind": kind,
        **described,
        "about": dict(about),
    }


def read(path: Path, kinds: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a model file of one of these kinds, as they are: its reader checks what they hold.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFileError: it is no model file, or is damaged.
        ValueError: it is a model of another kind; the message says what can be done with it.
    """
    header, arrays = load_container(Path(path), _LARGEST)
    if header.get("format") != FORMAT:
        raise DamagedFileError(f"{path}: expected a model file, got a file of format {header.get('format')!r}")
    if header.get("format_version") != FORMAT_VERSION:
        raise DamagedFileError(
            f"{path}: expected format version {FORMAT_VERSION}, got {header.get('format_version')!r}; "
            "open it with the version of emergent-models that wrote it"
        )
    kind = header.get("kind")
    if not isinstance(kind, str) or kind not in _USES:
        raise DamagedFileError(
            f"{path}: incomplete (no kind of model is {kind!r}); use another copy, or the version that wrote it"
        )
    if kind not in kinds:
        raise ValueError(f"{path}: expected a model of kind {' or '.join(kinds)}, got a {kind}, which {_USES[kind]}")
    return header, arrays


def kind_of(path: Path) -> str:
    """The kind of model that a file holds, "model", "baseline" or "tape".

    Raises: as `read`.
    """
    return str(read(path, tuple(_USES))[0]["kind"])


def _check_plan(path: Path, blueprint: Blueprint | BaselineBlueprint) -> None:
    """What no part's constructor looks at."""
    if type(blueprint.outputs) is not int or not 1 <= blueprint.outputs <= _MOST_OUTPUTS:
        raise DamagedFileError(f"{path}: expected 1..{_MOST_OUTPUTS} outputs, got {blueprint.outputs!r}")
    if isinstance(blueprint, Blueprint):
        for name in ("train_rule", "retained"):
            if type(getattr(blueprint, name)) is not bool:
                raise DamagedFileError(f"{path}: expected {name} true or false, got {getattr(blueprint, name)!r}")


def _check(path: Path, model: ModelFile) -> None:
    """Numbers must fit the parts: compiled code trusts them.

    Raises:
        DamagedFileError: they do not.
    """
    template = model.blueprint.template
    if isinstance(model.blueprint, Blueprint):
        space = template.space
        cells = Genes("initial_state", "initial_state", np.arange(storage(space).size), levels(space))
        _fits(path, "initial_state", model.initial_state, template.initial_state, (cells,))
        template = template.rule
    _fits(path, "parameters", model.parameters, parameters(template), genes(template))


def _fits(path: Path, name: str, came: np.ndarray, expected: np.ndarray, slices: tuple[Genes, ...]) -> None:
    if came.shape != expected.shape or came.dtype != expected.dtype:
        raise DamagedFileError(
            f"{path}: expected {name} of shape {expected.shape} and type {expected.dtype}, "
            f"got {came.shape} and {came.dtype}"
        )
    if not np.isfinite(came).all():
        raise DamagedFileError(f"{path}: {name} holds numbers that are not finite")
    for part in slices:
        if part.levels and came[part.places].max(initial=0) >= part.levels:
            raise DamagedFileError(f"{path}: {part.name} holds a state beyond 0..{part.levels - 1}")
