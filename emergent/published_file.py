"""Files that others publish models in: JSON of a stranger's, of which nothing may be lost, made up or too large."""

import json
import math
import reprlib
from pathlib import Path
from typing import Any, NoReturn

from emergent.files import DamagedFileError

_LARGEST = 16 << 20  # bytes: numbers of a million cells, with room for spaces and notes


def read(path: Path) -> Any:
    """The content of a published file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFileError: it is no JSON, or has a key twice or a number that is not finite; or it is too large.
    """
    if path.exists() and not path.is_file():
        raise DamagedFileError(f"{path}: expected a JSON file, got a folder or a device")
    if (size := path.stat().st_size) > _LARGEST:
        raise DamagedFileError(f"{path}: {size} bytes, expected at most {_LARGEST}; refused unread")
    try:
        return json.loads(
            path.read_bytes(), object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        reason = "brackets in brackets too deep" if isinstance(error, RecursionError) else error
        raise DamagedFileError(f"{path}: expected the JSON of a published model: {reason}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"every key once, got {reprlib.repr(twice)} more than once; remove one")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse_constant(reprlib.repr(text))
    return value


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"finite numbers, got {constant}")
