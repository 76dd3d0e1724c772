"""Arrow: tables → a folder as ``datasets`` saves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from auditor.correction.export.tables import SplitTable, as_dataset_dict

SHARD_BYTES = 500_000_000
"""Most that a file of a split holds, about."""


def save_datasets(parts: Sequence[SplitTable], folder: Path) -> None:
    """Save a ``DatasetDict``; of what was a single ``Dataset`` or a frame, a ``Dataset``.

    Raises
    ------
    ExportError
        If ``datasets`` has no counterpart of a column's type.
    """
    saved = as_dataset_dict(parts)
    # Of a split without rows, `datasets` by itself writes no shard, and then cannot load what it saved.
    shards = {name: 1 + int(split.data.nbytes) // SHARD_BYTES for name, split in saved.items()}
    with _quietly():
        if len(parts) == 1 and parts[0].about.get("alone"):
            ((name, split),) = saved.items()
            split.save_to_disk(str(folder), num_shards=shards[name])
        else:
            saved.save_to_disk(str(folder), num_shards=shards)


@contextmanager
def _quietly() -> Iterator[None]:
    """Have ``datasets`` draw no bars."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
