"""Train the models that come with the repository, and keep of each run what a visitor needs, in runs/examples.

python -m benchmarks.examples
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
EXAMPLES: dict[str, list[str]] = {  # by name: what is trained
    "retained": ["retained"],
    "kernel": ["retained", "--set", "model.train_rule=true"],
    "reset": ["reset"],
    "lookup": ["lookup"],
}
SMALL = 120_000  # bytes of a clip: an example has 300 kB in all


def main() -> None:
    """Make each example anew; an old one is replaced only by a finished run."""
    for example, wanted in EXAMPLES.items():
        made, kept = Path("runs") / f"example-{example}", Path("runs/examples") / example
        subprocess.run([sys.executable, "-m", "emergent", "train", *wanted, "--name", made.name], check=True)
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for name in KEPT:
            shutil.copyfile(made / name, kept / name)
        clips.record(model_file.load(made / "model.npz"), kept / "clip.gif", largest=SMALL)


if __name__ == "__main__":
    main()
