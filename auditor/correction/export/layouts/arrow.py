"""Arrow: save tables to a folder as ``datasets`` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from auditor.correction.export.tables import SplitTable, as_dataset_dict

SHARD_BYTES = 500_000_000
"""Approximate maximum bytes per file of a split."""


def save_datasets(parts: Sequence[SplitTable], folder: Path) -> None:
    """Save a ``DatasetDict``, or a ``Dataset`` if the source was a single one or a frame.

    Raises
    ------
    ExportError
        If ``datasets`` has no counterpart of a column's type.
    """
    saved = as_dataset_dict(parts)
    # For a split without rows, `datasets` writes no shard by default, and then cannot load the folder.
    shards = {name: 1 + int(split.data.nbytes) // SHARD_BYTES for name, split in saved.items()}
    with _quietly():
        if len(parts) == 1 and parts[0].about.get("alone"):
            ((name, split),) = saved.items()
            split.save_to_disk(str(folder), num_shards=shards[name])
        else:
            saved.save_to_disk(str(folder), num_shards=shards)


@contextmanager
def _quietly() -> Iterator[None]:
    """Disable the progress bars of ``datasets``."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
