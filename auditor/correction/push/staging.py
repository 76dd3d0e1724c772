"""Staging: the files to push in a folder: Parquet shards, patch, picture. The card is written last."""

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
"""Maximum size of a shard in memory. On disk it is smaller."""
SHARD_NAME = re.compile(r"[\w.]+-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True)
class Staged:
    """Files ready to push.

    Attributes
    ----------
    folder : Path
    splits : dict of str to tuple of str
        Splits of each configuration, by their names on the Hub.
    renamed : dict of str to str
        Name on the Hub of each split that is renamed there.
    empty : tuple of str
        Splits of the corrected labels without rows. They are not written: ``datasets`` cannot read them.
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
        """File of each path in the repository."""
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
        Empty folder.
    name : str
        Name of the corrected labels' configuration.
    original : bool
        Also write the given labels of all rows.
    provenance : bool
        Add columns with the origin of each label.

    Raises
    ------
    ExportError
        If no row is left, or the data cannot be a Hub dataset.
    """
    if not facts.summary.written:
        raise ExportError("No row is left to push.", "Change the policy, which leaves out all rows.")
    tables = {name: corrected_tables(corrections, provenance=provenance)}
    if original:
        tables[name_of_original(name)] = corrected_tables(_as_given(corrections))
    splits = {config: _as_splits(parts) for config, parts in tables.items()}
    filled = {
        config: [split for split, dataset in by_split.items() if len(dataset)] for config, by_split in splits.items()
    }
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
    """Return the ``Dataset`` of each split. A split ``all``, which the Hub reserves, becomes ``train``."""
    dataset_dict = as_dataset_dict(tables)
    features = {json.dumps(dataset.features.to_dict(), sort_keys=True) for dataset in dataset_dict.values()}
    if len(features) > 1:
        raise ExportError(
            f"The splits {', '.join(dataset_dict)} differ in their columns or types.",
            "Give them the same columns and audit again: the Hub requires equal columns in all splits.",
        )
    instead = "train" if "train" not in dataset_dict else "rows"
    return {instead if split == "all" else split: dataset for split, dataset in dataset_dict.items()}


def _as_given(corrections: Corrections) -> Corrections:
    """Return the dataset without decisions: every row as it was read."""
    return correct(corrections.texts, Outcomes({}, ()), Policy(), corrections.suggestions)


def _write_shards(dataset: Any, folder: Path, split: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shards = max(1, -(-int(dataset.data.nbytes) // SHARD_BYTES))
    for index in range(shards):
        shard = dataset.shard(shards, index, contiguous=True) if shards > 1 else dataset
        shard.to_parquet(str(folder / f"{split}-{index:05d}-of-{shards:05d}.parquet"))
