"""Training: what a run keeps on disk. Importing this loads nothing heavier than NumPy."""

from emergent.training.log import DamagedLogError, Log, records
from emergent.training.recorder import Recorder
from emergent.training.run_directory import RunDirectory, Summary, find, runs
from emergent.training.snapshots import Pace, Snapshot, Snapshots

__all__ = [
    "DamagedLogError",
    "Log",
    "Pace",
    "Recorder",
    "RunDirectory",
    "Snapshot",
    "Snapshots",
    "Summary",
    "find",
    "records",
    "runs",
]
