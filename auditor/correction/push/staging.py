"""What is pushed, as files in a folder: Parquet shards, the patch, the picture. The card is written last."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.correction.decide.corrections import Corrections, correct
from auditor.correction.decide.outcome import Outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.export.tables import SplitTable, as_dataset_dict, corrected_tables
from auditor.correction.patch.patch import make_patch, write_patch
from auditor.correction.push.card import name_of_original
from auditor.correction.push.facts import Facts
from auditor.correction.push.picture import draw_changes
from auditor.errors import ExportError

SHARD_BYTES = 500 * 2**20
"""Most that a shard holds in memory; on the disk it is smaller."""
SHARD_NAME = re.compile(r"[\w.]+-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True)
class Staged:
    """Files that are ready to be pushed.

    Attributes
    ----------
    folder : Path
    splits : dict of str to tuple of str
        Configuration → its splits, by their names on the Hub.
    renamed : dict of str to str
        Split → its name on the Hub, where that is another.
    empty : tuple of str
        Splits of the corrected labels that have no row: they are not written, since ``datasets`` reads no empty one.
    """

    folder: Path
    splits: dict[str, tuple[str, ...]]
    renamed: dict[str, str]
    empty: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Paths in the repository."""
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return tuple(sorted(found))

    @property
    def paths(self) -> dict[str, Path]:
        """Path in the repository → file."""
        return {name: self.folder / name for name in self.files}


def stage(
    corrections: Corrections, facts: Facts, folder: Path, name: str, *, original: bool, provenance: bool = False
) -> Staged:
    """Write everything but the card.

    Parameters
    ----------
    corrections : Corrections
    facts : Facts
    folder : Path
        Empty.
    name : str
        Of the corrected labels' configuration.
    original : bool
        Write the labels as they were given too, all rows.
    provenance : bool
        With the columns that tell where a label comes from.

    Raises
    ------
    ExportError
        If no row is left, or the data cannot be a dataset of the Hub.
    """
    if not facts.summary.written:
        raise ExportError("No row is left to be pushed.", "Choose other options: the policy leaves out all of them.")
    tables = {name: corrected_tables(corrections, provenance=provenance)}
    if original:
        tables[name_of_original(name)] = corrected_tables(_as_given(corrections))
    splits = {config: _as_splits(parts) for config, parts in tables.items()}
    filled = {config: [split for split, dataset in each.items() if len(dataset)] for config, each in splits.items()}
    for config, names in filled.items():
        for split in names:
            _write_shards(splits[config][split], folder / config, split)
    write_patch(make_patch(corrections), folder / name / "patch.jsonl", reading=facts.reading)
    (folder / name / "changes.png").write_bytes(draw_changes(facts.summary.confusions, facts.classes))
    pairs = zip((part.split for part in tables[name]), splits[name], strict=True)
    return Staged(
        folder,
        {config: tuple(names) for config, names in filled.items()},
        {old: new for old, new in pairs if old != new},
        tuple(split for split in splits[name] if split not in filled[name]),
    )


def _as_splits(tables: Sequence[SplitTable]) -> dict[str, Any]:
    """Split → its ``Dataset``. At the Hub ``all`` means all splits together: what is called so is ``train`` there."""
    made = as_dataset_dict(tables)
    features = {json.dumps(dataset.features.to_dict(), sort_keys=True) for dataset in made.values()}
    if len(features) > 1:
        raise ExportError(
            f"The splits {', '.join(made)} have not the same columns, or not of the same types.",
            "Give them the same columns, and audit again: the Hub takes splits of one form.",
        )
    instead = "train" if "train" not in made else "rows"
    return {instead if split == "all" else split: dataset for split, dataset in made.items()}


def _as_given(corrections: Corrections) -> Corrections:
    """The same dataset without any decision: every row as it was read."""
    return correct(corrections.texts, Outcomes({}, ()), Policy(), corrections.suggestions)


def _write_shards(dataset: Any, folder: Path, split: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shards = max(1, -(-int(dataset.data.nbytes) // SHARD_BYTES))
    for index in range(shards):
        shard = dataset.shard(shards, index, contiguous=True) if shards > 1 else dataset
        shard.to_parquet(str(folder / f"{split}-{index:05d}-of-{shards:05d}.parquet"))
