"""The directory of one audit: its stages, its manifest, and its artifacts."""

from auditor.run.find import DEFAULT_PLACE, check_finished, find_run, is_run
from auditor.run.manifest import DatasetRecord, Manifest, Stage
from auditor.run.reader import Reader
from auditor.run.store import Make, Pending, Run

__all__ = [
    "DEFAULT_PLACE",
    "DatasetRecord",
    "Make",
    "Manifest",
    "Pending",
    "Reader",
    "Run",
    "Stage",
    "check_finished",
    "find_run",
    "is_run",
]
