"""Emergent Models: cellular automata whose initial state is the program, trained by black-box search.

The names below are all that most users need; each is loaded when it is first used, so that importing this package
compiles nothing and opens nothing. To write a part of your own, see `emergent.verbs` and `emergent.parts`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from emergent import cache as _cache

if TYPE_CHECKING:
    from emergent.commands import (
        drive,
        evaluate,
        evaluate_in,
        evaluate_on,
        generate,
        replay,
        resume,
        runs,
        train,
        verify,
    )
    from emergent.comparing import study
    from emergent.config import read
    from emergent.exchange import export_model, import_model, predict
    from emergent.inference import phi, phi_prime
    from emergent.model import Blueprint, Model
    from emergent.parts import part
    from emergent.policy import EmergentPolicy

__all__ = [
    "Blueprint",
    "EmergentPolicy",
    "Model",
    "drive",
    "evaluate",
    "evaluate_in",
    "evaluate_on",
    "export_model",
    "generate",
    "import_model",
    "part",
    "phi",
    "phi_prime",
    "predict",
    "read",
    "replay",
    "resume",
    "runs",
    "study",
    "train",
    "verify",
]

_HOMES = {
    "emergent.commands": (
        *("drive", "evaluate", "evaluate_in", "evaluate_on", "generate", "replay", "resume", "runs", "train", "verify"),
    ),
    "emergent.comparing": ("study",),
    "emergent.config": ("read",),
    "emergent.exchange": ("export_model", "import_model", "predict"),
    "emergent.inference": ("phi", "phi_prime"),
    "emergent.model": ("Blueprint", "Model"),
    "emergent.parts": ("part",),
    "emergent.policy": ("EmergentPolicy",),
}

_cache.settle()  # before any kernel is defined: Numba asks for its cache folder when it decorates


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'emergent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
