"""Default names of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.data.labeled_texts import LabeledTexts


def name_of(source: Any, texts: LabeledTexts) -> str:
    """Return the name of the file, of the folder of several files, or of the Hub dataset without its owner."""
    if isinstance(source, str | Path):
        name = Path(source).name.strip(".") or Path(source).resolve().name  # resolve `.` and `..`
        return name.split(".")[0]
    if isinstance(source, Sequence):
        folders = {Path(path).resolve().parent.name for path in source}
        return "+".join(sorted(folder for folder in folders if folder)) or "files"
    return f"{texts.origin.format}-{texts.fingerprint()[:8]}"
