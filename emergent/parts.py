"""The registry of parts: the names that configurations and model files may use, and nothing else.

A part is registered by its constructor: a function from settings, numbers and names that a file can hold, to a record.
Constructors take what the surroundings decide (CONTEXT) under fixed names, and check everything: what they return is
safe to hand to compiled code.
"""

import functools
import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from emergent.verb import notice

KINDS = ("space", "rule", "encoder", "halting", "decoder", "baseline")
CONTEXT = ("space", "low", "high", "outputs")  # the space, bounds of the observation, number of outputs


@dataclass(frozen=True)
class Entry:
    """One registered part: its name, its kind, and the constructor that checks settings and makes the record."""

    kind: str
    name: str
    construct: Callable[..., Any]

    @property
    def module(self) -> str:
        """The module that registered it."""
        return self.construct.__module__

    @property
    def settings(self) -> dict[str, inspect.Parameter]:
        """What a configuration may say of this part."""
        accepted = inspect.signature(self.construct).parameters
        return {name: parameter for name, parameter in accepted.items() if name not in CONTEXT}


_entries: dict[tuple[str, str], Entry] = {}


class UnknownPartError(ValueError):
    """A name under which no part is registered."""


def part(kind: str, name: str) -> Callable[[Callable], Callable]:
    """Register the decorated constructor as the part `name` of this kind; calls of it are checked by its annotations.

    Raises:
        ValueError: `kind` is not one of KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"expected one of the kinds {', '.join(KINDS)}, got {kind!r}")

    def register(construct: Callable) -> Callable:
        @functools.wraps(construct)
        def call(*args: Any, **settings: Any) -> Any:
            return _checked(construct)(*args, **settings)

        known = _entries.get((kind, name))
        if known and known.module != construct.__module__:
            raise ValueError(f"there is a {kind} named {name!r} already, of {known.module}; choose another name")
        _entries[kind, name] = Entry(kind, name, call)
        return call

    return register


@functools.cache
def _checked(construct: Callable) -> Callable:
    """`construct` with its arguments checked by its annotations."""
    from pydantic import ConfigDict, validate_call  # a fifth of a second: only when something is built

    accepted, hints = inspect.signature(construct), get_type_hints(construct)
    wanted = hints.get("space", Any)

    @functools.wraps(construct)
    def call(*args: Any, **settings: Any) -> Any:
        space = accepted.bind(*args, **settings).arguments.get("space")
        if wanted is not Any and not isinstance(space, wanted):
            classes = " or ".join(cls.__name__.lower() for cls in get_args(wanted) or (wanted,))
            raise ValueError(f"needs another space: expected a {classes}, got a {type(space).__name__.lower()}")
        return construct(*args, **settings)

    # To pydantic a record is any tuple of as many numbers: it would make a grid into a board. And bounds that are not
    # finite are explained where they are used.
    call.__annotations__ = construct.__annotations__ | {"space": Any, "low": Any, "high": Any}
    return validate_call(config=ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False))(call)


def names(kind: str) -> list[str]:
    """The registered names of this kind, in alphabetical order."""
    return sorted(name for known, name in _entries if known == kind)


def entry(kind: str, name: str) -> Entry:
    """The part registered under this name.

    Raises:
        UnknownPartError: there is none.
    """
    if (kind, name) not in _entries:
        raise UnknownPartError(
            f"there is no {kind} named {name!r}; registered are {', '.join(names(kind))}. "
            "If it is your own, load its file first: --import FILE.py, or import it in Python"
        )
    return _entries[kind, name]


def build(kind: str, settings: Mapping[str, Any] | str, **context: Any) -> Any:
    """Make the record of a part from its `settings`: a name, or a mapping with a name and what its constructor takes.

    Raises:
        UnknownPartError: no part is registered under the name.
        ValueError: a setting is unknown, missing or out of range; the message names it as `kind.setting`.
    """
    if not isinstance(settings, str | Mapping):
        raise ValueError(
            f"{kind}: expected the name of a part, or a mapping of its name and settings, got {settings!r}"
        )
    settings = {"name": settings} if isinstance(settings, str) else dict(settings)
    if "name" not in settings:
        raise ValueError(f"{kind}.name: missing; there are {', '.join(names(kind))}")
    found = entry(kind, str(settings.pop("name")))
    if unknown := settings.keys() - found.settings.keys():
        known = ", ".join(found.settings) or "none"
        raise ValueError(f"{kind}.{sorted(unknown)[0]}: {found.name} has no such setting; it has {known}")
    accepted = inspect.signature(found.construct).parameters
    context = {name: value for name, value in context.items() if name in accepted}
    from pydantic import ValidationError

    try:
        return found.construct(**settings, **context)
    except ValidationError as error:
        raise ValueError("; ".join(_explain(kind, found, problem) for problem in error.errors())) from None
    except UnknownPartError:  # of a part inside this one
        raise
    except ValueError as error:
        raise ValueError(f"{kind} {found.name}: {error}") from None


def inside(kind: str, wrapper: str, settings: Mapping[str, Any] | str, **context: Any) -> Any:
    """Make the part that the part `wrapper` of the same kind holds, as `build` does.

    Raises:
        ValueError: as `build`; or it is a `wrapper` itself: one in another would only be one more of the same.
    """
    if wrapper in (settings, settings.get("name") if isinstance(settings, Mapping) else None):
        raise ValueError(f"of: expected another {kind} than {wrapper} itself; there are {', '.join(names(kind))}")
    return build(kind, settings, **context)


def _explain(kind: str, found: Entry, problem: Any) -> str:
    place = ".".join(str(step) for step in problem["loc"])
    came = "" if problem["type"] == "missing_argument" else f", got {problem['input']!r}"
    return f"{kind}.{place} ({found.name}): {problem['msg']}{came}"


def digests(files: Sequence[str]) -> dict[str, str]:
    """A digest of the text of each of these files, by its name: what a run was made with, and what is here now."""
    return {Path(file).name: hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] for file in files}


def load_files(files: Sequence[str]) -> None:
    """Run Python files that register parts, each as a module of its own name.

    Raises:
        ValueError: a file is missing, is no Python file, or fails.
    """
    for name in files:
        file = Path(name).resolve()
        if file.suffix != ".py" or not file.is_file() or not file.stem.isidentifier():
            raise ValueError(f"--import {name}: expected an existing Python file, *.py, of a name Python can import")
        found = sys.modules.get(file.stem)
        if found is not None and getattr(found, "__file__", None) == str(file):
            continue
        other = importlib.util.find_spec(file.stem) if found is None else None
        if found is not None or (other is not None and other.origin != str(file)):
            raise ValueError(f"--import {name}: there is a module named {file.stem} already; rename the file")
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]  # a file that exists has a spec
        sys.modules[file.stem] = module  # before it runs: Numba finds the records' classes by it
        loaded = set(sys.modules)
        try:
            spec.loader.exec_module(module)  # type: ignore[union-attr]
        except Exception as error:
            del sys.modules[file.stem]
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
            where = f"line {lines[-1]}: " if lines else ""
            raise ValueError(f"--import {name}: {where}{type(error).__name__}: {error}") from error
        for helper in set(sys.modules) - loaded:  # modules of the user's own: an edit of them must not be stale either
            source = getattr(sys.modules[helper], "__file__", None)
            if source and Path(source).is_relative_to(file.parent) and "site-packages" not in source:
                notice(helper, Path(source).read_text())
