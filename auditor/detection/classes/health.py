"""The health of the dataset and its classes: estimated noise, flagged rows and confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from cleanlab.count import estimate_joint
from cleanlab.dataset import find_overlapping_classes, overall_label_health_score, rank_classes_by_label_quality

from auditor.arrays import Codes, LabelCodes, Mask, Probabilities
from auditor.detection.flags import Flags, Judged, judged_rows


def class_health(
    labels: LabelCodes,
    label_names: Sequence[str],
    consensus: Probabilities,
    judgeable: Mask,
    flags: Flags,
    exact: Codes,
    duplicates: Mapping[str, int],
) -> dict[str, Any]:
    """Summarise the audit: the content of ``health.json``.

    Noise, quality and overlaps come from cleanlab's estimate of the joint distribution of given and true labels over
    the judged rows (``cleanlab.count.estimate_joint``, ``cleanlab.dataset``); issues and confusions are counts of
    flagged rows.

    Parameters
    ----------
    labels : (N,) int32
        Codes of the given labels.
    label_names : sequence of K str
    consensus : (N, K) float32
    judgeable : (N,) bool
    flags : Flags
    exact : (N,) int32
        Group of rows with the same text.
    duplicates : mapping of str to int
        Included as it is: ``exact_groups``, ``near_groups``, ``rows_in_groups``, ``largest``, ``cut_groups``,
        ``conflicting_groups``.

    Returns
    -------
    dict
        Only JSON types. ``estimated_noise`` is null if no row is judged. In ``classes``, ``label_noise`` is the
        share of the class's rows that are truly of another class, ``inverse_noise`` the share of the rows truly of
        the class that are given another label, ``quality`` 1 − the label noise; null for classes without a
        judged row, which ``not_judgeable`` lists with the reason. ``overlaps`` are pairs of classes, with the
        estimated number of rows that are given one label and are truly of the other.
    """
    judged = judged_rows(labels, consensus, judgeable)
    noise, figures, overlaps = _estimates(judged, label_names)
    rows, issues, judged_in = (
        np.bincount(of, minlength=len(label_names)).tolist()
        for of in (labels, labels[flags.is_issue], labels[judged.rows])
    )
    nothing = {"label_noise": None, "inverse_noise": None, "quality": None}
    return {
        "rows": len(labels),
        "judged": len(judged.rows),
        "issues": int(flags.is_issue.sum()),
        "estimated_noise": noise,
        "classes": [
            {"label": name, "rows": number, "judged": some, "issues": flagged, **figures.get(code, nothing)}
            for code, (name, number, some, flagged) in enumerate(zip(label_names, rows, judged_in, issues, strict=True))
        ],
        "confusions": _confusions(labels, flags, label_names),
        "overlaps": overlaps,
        "not_judgeable": [
            {"label": name, "rows": rows[code], "why": _why(exact[labels == code])}
            for code, name in enumerate(label_names)
            if not judged_in[code]
        ],
        "duplicates": dict(duplicates),
    }


def _estimates(
    judged: Judged, label_names: Sequence[str]
) -> tuple[float | None, dict[int, dict[str, float]], list[dict[str, Any]]]:
    """Return the noise of all labels, figures by class code, and overlapping pairs, most rows first."""
    if not len(judged.rows):
        return None, {}, []
    # cleanlab estimates no joint for a single class.
    joint = estimate_joint(judged.labels, judged.probabilities) if len(judged.classes) > 1 else np.ones((1, 1))
    about: dict[str, Any] = {"joint": joint, "num_examples": len(judged.rows)}
    names = {"Label Noise": "label_noise", "Inverse Label Noise": "inverse_noise", "Label Quality Score": "quality"}
    by_class = rank_classes_by_label_quality(**about).set_index("Class Index")[list(names)].rename(columns=names)
    figures = {int(judged.classes[position]): row for position, row in by_class.to_dict(orient="index").items()}
    overlaps = _overlaps(find_overlapping_classes(**about), judged, label_names)
    return 1 - float(overall_label_health_score(**about, verbose=False)), figures, overlaps


def _overlaps(pairs: pd.DataFrame, judged: Judged, label_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pairs of classes that share a row, by the estimate; ties have a fixed order, unlike in cleanlab."""
    found = []
    for first, second, rows, share in zip(*(pairs[column].tolist() for column in pairs), strict=True):
        if rows:
            a, b = sorted(judged.classes[[first, second]].tolist())
            found.append((share, a, b, rows))
    return [
        {"label_a": label_names[a], "label_b": label_names[b], "rows": rows, "share": share}
        for share, a, b, rows in sorted(found, key=lambda pair: (-pair[0], pair))
    ]


def _confusions(labels: LabelCodes, flags: Flags, label_names: Sequence[str]) -> list[dict[str, Any]]:
    pairs = np.column_stack([labels[flags.is_issue], flags.suggested[flags.is_issue]])
    kinds, rows = np.unique(pairs, axis=0, return_counts=True)
    return [
        {"given": label_names[kinds[i, 0]], "suggested": label_names[kinds[i, 1]], "rows": int(rows[i])}
        for i in np.argsort(-rows, kind="stable")
    ]


def _why(exact: Codes) -> str:
    """Explain why a class has no judged row, from the groups of equal texts of its rows."""
    if not len(exact):
        return "No text carries this label."
    if len(np.unique(exact)) == 1:
        texts = "It has a single text" if len(exact) == 1 else f"Its {len(exact)} rows have the same text"
        return f"{texts}, and no model can learn the label without seeing it."
    return "None of its texts was held out while other texts of the class were trained on."
