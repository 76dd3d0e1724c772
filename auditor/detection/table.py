"""The table of issues: one row per row of the dataset, with all findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.arrays import Codes, Float32, Mask
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.flags import Flags
from auditor.detection.kinds import KINDS, Kinds
from auditor.detection.reasons import Evidence, give_reasons
from auditor.detection.stability import TIERS, tiers
from auditor.models.scores import losses
from auditor.signals import Signal, Suspicion

REASONS_TO = 100_000
"""Reasons are written for every issue and for this many first ranks; a million would take half a minute."""


def issues_table(
    data: LabeledTexts,
    flags: Flags,
    confident: Mask,
    kinds: Kinds,
    stable: Float32,
    evidence: Evidence,
    measured: Mapping[str, Suspicion],
    group: Codes,
    explained_by: Sequence[Signal],
) -> pa.Table:
    """Make the table of ``issues.parquet``.

    Parameters
    ----------
    data : LabeledTexts
        N rows; the table has them in the same order.
    flags : Flags
    confident : (N,) bool
        cleanlab's own flags.
    kinds : Kinds
    stable : (N,) float32
        Share of the repeats that flag the row.
    evidence : Evidence
    measured : mapping of str to (N,) float32
        The signals. Those with the name of another column (the loss, in nats) are omitted.
    group : (N,) int32
        Group of each issue, -1 for other rows.
    explained_by : sequence of Signal
        Signals whose sentences are part of the reasons.

    Returns
    -------
    pyarrow.Table
        Of N rows: id, split, text, given_label, predicted_label, suggested_label, suspicion, rank, is_issue,
        confident_learning, tier, kind, kind_confidence, stability, loss_<model> …, probability_given_<model> …,
        <signal> …, duplicate_group, group, reasons. Null where unknown; reasons are empty in rows far down the order.
    """
    columns: dict[str, Any] = {
        "id": data.table["id"],
        "split": data.table["split"],
        "text": data.table["text"],
        "given_label": _names(evidence.labels, data.label_names),
        "predicted_label": _names(flags.predicted, data.label_names),
        "suggested_label": _names(flags.suggested, data.label_names),
        "suspicion": _floats(flags.suspicion),
        "rank": flags.rank,
        "is_issue": flags.is_issue,
        "confident_learning": confident,
        "tier": _names(tiers(flags.is_issue, stable), TIERS),
        "kind": _names(kinds.kind, KINDS),
        "kind_confidence": _floats(kinds.confidence),
        "stability": _floats(stable),
    }
    models, place = evidence.probabilities, np.arange(len(data))
    columns |= {f"loss_{name}": _floats(losses(model, evidence.labels)) for name, model in models.items()}
    columns |= {f"probability_given_{name}": _floats(model[place, evidence.labels]) for name, model in models.items()}
    columns |= {name: _floats(values) for name, values in measured.items() if name not in columns}
    columns["duplicate_group"] = _codes(np.where(np.bincount(evidence.near)[evidence.near] > 1, evidence.near, -1))
    columns["group"] = _codes(group)
    rows = np.flatnonzero(flags.is_issue | (flags.rank <= REASONS_TO))
    reasons: list[list[str]] = [[]] * len(data)
    for row, sentences in zip(rows.tolist(), give_reasons(rows, evidence, flags, explained_by), strict=True):
        reasons[row] = sentences
    columns["reasons"] = pa.array(reasons, pa.list_(pa.string()))
    return pa.table(columns)


def _names(codes: npt.NDArray[np.integer], label_names: Sequence[str]) -> pa.Array:
    return pa.array(label_names, pa.string()).take(_codes(codes))


def _codes(codes: npt.NDArray[np.integer]) -> pa.Array:
    """Convert to int32 with null for -1."""
    return pa.array(codes, pa.int32(), mask=codes < 0)


def _floats(values: Float32) -> pa.Array:
    """Convert to float32 with null for NaN."""
    return pa.array(values, pa.float32(), from_pandas=True)
