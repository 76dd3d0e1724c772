"""What a run of a source is called where nobody names it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.data.labeled_texts import LabeledTexts


def name_of(source: Any, texts: LabeledTexts) -> str:
    """Name the run after the file, the folder of several files, or the Hub's name without its owner."""
    if isinstance(source, str | Path):
        name = Path(source).name.strip(".") or Path(source).resolve().name  # of `.` and `..`, what they stand for
        return name.split(".")[0]
    if isinstance(source, Sequence):
        folders = {Path(path).resolve().parent.name for path in source}
        return "+".join(sorted(folder for folder in folders if folder)) or "files"
    return f"{texts.origin.format}-{texts.fingerprint()[:8]}"
