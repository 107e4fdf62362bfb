"""Train the models that come with the repository, and keep of each run what a visitor needs, in runs/examples.

python benchmarks/examples.py
"""

import shutil
import subprocess
import sys
from pathlib import Path

from emergent import model_file
from emergent.view import clips

KEPT = (
    "config.yaml",
    "command.txt",
    "versions.json",
    "history.jsonl",
    "finished.json",
    "seconds.json",
    "model.npz",
    "curve.png",
)
SMALL = 120_000  # bytes of a clip: an example has 300 kB in all


def main() -> None:
    """Make each example anew; an old one is replaced only by a finished run."""
    for preset in ("retained", "reset"):
        made, kept = Path("runs") / f"example-{preset}", Path("runs/examples") / preset
        subprocess.run([sys.executable, "-m", "emergent", "train", preset, "--name", made.name], check=True)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for name in KEPT:
            shutil.copyfile(made / name, kept / name)
        clips.record(model_file.load(made / "model.npz"), kept / "clip.gif", largest=SMALL)


if __name__ == "__main__":
    main()
