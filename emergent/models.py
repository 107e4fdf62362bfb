"""Trained models of every kind, for those who need not know which: grown, saved and opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emergent import model_file
from emergent.model import BaselineBlueprint, Blueprint
from emergent.model_file import ModelFile
from emergent.tapes import published
from emergent.tapes.blueprint import TapeBlueprint
from emergent.tapes.published import TapeProgram

Plan = Blueprint | BaselineBlueprint | TapeBlueprint
Trained = ModelFile | TapeProgram


def grown(blueprint: Plan, genome: np.ndarray, about: Mapping[str, Any]) -> Trained:
    """The individual that grows from `genome` (genes,); `about` is what is known of it, JSON data."""
    if isinstance(blueprint, TapeBlueprint):
        return blueprint.grown(genome, about)
    return ModelFile.grown(blueprint, genome, about)


def save(path: Path, trained: Trained) -> None:
    """Write a model file, whole or not at all."""
    if isinstance(trained, TapeProgram):
        published.save(path, trained)
    else:
        model_file.save(path, trained)


def load(path: Path) -> Trained:
    """Read a model file of any kind.

    Raises: as `emergent.model_file.load`.
    """
    if model_file.kind_of(path) == published.KIND:
        return published.load(path)
    return model_file.load(path)
