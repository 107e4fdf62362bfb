"""Where compiled code and computed tables are kept between runs.

Numba looks only at the file of the *outermost* function to decide whether cached machine code is stale (numba#1833):
edit a rule in another module and the old code answers, silently. So the folder it caches in is named after the sources
themselves, those of both packages and of every part a user has registered: an edit gives a fresh folder, going back
finds the old one, and a worker process computes the same name.
"""

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

_KEPT_FOLDERS = 16  # of machine code; the least recently used beyond these are removed
_SOURCES = (Path(__file__).parent, Path(__file__).parent.parent / "envs")

_foreign: dict[str, str] = {}  # sources outside both packages: where it stands -> text


def cache_folder() -> Path:
    """The folder of everything cached: `$EMERGENT_CACHE_DIR`, else the user's own cache folder of the platform."""
    if chosen := os.environ.get("EMERGENT_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "emergent" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "emergent"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "emergent"


def fingerprint() -> str:
    """A name for the present state of all sources that machine code may come from."""
    digest = hashlib.sha256()
    for folder in _SOURCES:
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.relative_to(folder.parent).as_posix().encode())
            digest.update(file.read_bytes())
    for place, text in sorted(_foreign.items()):
        digest.update(place.encode())
        digest.update(text.encode())
    return digest.hexdigest()[:16]


def include(place: str, source: str) -> bool:
    """Make `source`, which stands outside both packages at `place`, part of the fingerprint; True if that is news."""
    if _foreign.get(place) == source:
        return False
    _foreign[place] = source
    return True


def settle() -> None:
    """Point Numba at the folder of the present fingerprint, unless the user chose one with `NUMBA_CACHE_DIR`.

    The variable is set as well as the setting: when any `NUMBA_*` variable changes, Numba reads them all again.
    """
    machine_code = cache_folder() / "machine-code"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen and not Path(chosen).is_relative_to(machine_code):  # one below it was set by our parent process
        return
    folder = machine_code / fingerprint()
    if not _prune(machine_code, folder):  # else Numba would cache beside the sources, where an edit goes unnoticed
        folder = Path(tempfile.mkdtemp(prefix="emergent-"))  # nobody else's: whatever lies in a cache is run
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if numba := sys.modules.get("numba"):
        numba.config.CACHE_DIR = str(folder)


def is_cold() -> bool:
    """Whether nothing has been compiled yet from the present sources on this machine."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", ""))
    return not any(folder.rglob("*.nbi"))


def _prune(machine_code: Path, current: Path) -> bool:
    """Make the current folder, and remove all but the most recently used ones; returns whether it can be written to."""
    try:
        current.mkdir(parents=True, exist_ok=True)
        current.touch()
        folders = sorted(machine_code.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    except OSError:  # such as a read-only home
        return False
    for folder in folders[_KEPT_FOLDERS:]:
        shutil.rmtree(folder, ignore_errors=True)
    return os.access(current, os.W_OK)
