"""Reasons why a row is suspect, in plain sentences for a reviewer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from auditor.arrays import Codes, Float32, LabelCodes, RowIndex
from auditor.detection.flags import Flags
from auditor.signals import Annotators, Inputs, Signal
from auditor.wording import joined


@dataclass(frozen=True)
class Evidence:
    """The evidence on N rows that reasons are based on.

    Attributes
    ----------
    labels : (N,) int32
        Codes of the given labels.
    label_names : sequence of K str
    probabilities : mapping of str to (N, K) float32
        The models' probabilities, without the consensus.
    exact, near : (N,) int32
        Group of rows with the same text, and with nearly the same text.
    neighbours : (N, k) int32
        Nearest rows; -1 where there are fewer.
    more : Inputs
        Further inputs of the signals that explain rows.
    """

    labels: LabelCodes
    label_names: Sequence[str]
    probabilities: Mapping[str, Float32]
    exact: Codes
    near: Codes
    neighbours: RowIndex
    more: Inputs = field(default_factory=Inputs)


def give_reasons(rows: RowIndex, evidence: Evidence, flags: Flags, signals: Sequence[Signal]) -> list[list[str]]:
    """Explain why some rows should be read again.

    Support for the suggested label comes first: raters, other labels of the same text, labels of the nearest texts. If
    there is none, the number of models that prefer the label stands in; otherwise it is omitted, because the page shows
    the models in a table. The other sentences of signals, duplicates and neighbours follow.

    Parameters
    ----------
    rows : (R,) intp
    evidence : Evidence
    flags : Flags
    signals : sequence of Signal
        Signals whose sentences are included; besides probabilities and labels, they need ``evidence.more``.

    Returns
    -------
    list of R lists of str
        No sentence is empty.
    """
    inputs: Inputs = {**evidence.more, "probabilities": evidence.probabilities, "labels": evidence.labels}
    facts = zip(_duplicates(rows, evidence, flags), _neighbours(rows, evidence, flags), strict=True)
    models = _agreement(rows, evidence, flags)
    reasons = []
    for row, facts_of_row, agreement in zip(rows.tolist(), facts, models, strict=True):
        doubted = bool(flags.predicted[row] == flags.suggested[row])
        explained = [(signal.explain(row, **inputs), doubted and isinstance(signal, Annotators)) for signal in signals]
        sentences = [(sentence, supports) for sentence, supports in (*explained, *facts_of_row) if sentence]
        support = [sentence for sentence, supports in sentences if supports] or ([agreement] if agreement else [])
        reasons.append(support + [sentence for sentence, supports in sentences if not supports])
    return reasons


def _agreement(rows: RowIndex, evidence: Evidence, flags: Flags) -> list[str]:
    """Say how many models prefer the suggested label; empty if none does."""
    models, suggested = len(evidence.probabilities), flags.suggested[rows]
    votes = np.sum([model[rows].argmax(axis=1) == suggested for model in evidence.probabilities.values()], axis=0)
    sentences = []
    for label, count in zip(suggested.tolist(), votes.tolist(), strict=True):
        who = f"{count} of {models} models"
        if count == models:
            who = {1: "The model", 2: "Both models"}.get(models, f"All {models} models")
        verb = "prefers" if count == 1 else "prefer"
        sentences.append(f"{who} {verb} {evidence.label_names[label]}." if label >= 0 and count else "")
    return sentences


def _duplicates(rows: RowIndex, evidence: Evidence, flags: Flags) -> list[tuple[str, bool]]:
    """Say that (nearly) the same text has another label elsewhere, and return whether it is the suggested one."""
    exact = _labels_by_group(evidence.exact, evidence.labels)
    near = _labels_by_group(evidence.near, evidence.labels)
    found = []
    for row in rows.tolist():
        own = int(evidence.labels[row])
        same = [code for code in exact.get(int(evidence.exact[row]), ()) if code != own]
        alike = [code for code in near.get(int(evidence.near[row]), ()) if code != own]
        kind, codes = ("An identical", same) if same else ("A near-identical", alike)
        labels = joined([evidence.label_names[code] for code in codes])
        found.append((f"{kind} text is labelled {labels}." if codes else "", int(flags.suggested[row]) in codes))
    return found


def _labels_by_group(group: Codes, labels: LabelCodes) -> dict[int, list[int]]:
    """Return the labels of each group that has several, ordered by code."""
    pairs = np.unique(np.column_stack([group, labels]), axis=0)
    several = np.flatnonzero(np.bincount(pairs[:, 0]) > 1)
    found = defaultdict(list)
    for number, code in pairs[np.isin(pairs[:, 0], several)].tolist():
        found[number].append(code)
    return found


def _neighbours(rows: RowIndex, evidence: Evidence, flags: Flags) -> list[tuple[str, bool]]:
    """Say how the nearest texts are labelled, and return whether they support the suggested label."""
    nearest, suggested, own = evidence.neighbours[rows], flags.suggested[rows], evidence.labels[rows]
    exists = nearest >= 0
    labels = np.where(exists, evidence.labels[nearest], -2)
    counts = [(labels == code[:, None]).sum(axis=1).tolist() for code in (suggested, own)]
    columns = (suggested.tolist(), own.tolist(), *counts, exists.sum(axis=1).tolist())
    found = []
    for other, given, others, givens, size in zip(*columns, strict=True):
        if other < 0 or not size:
            found.append(("", False))
        elif others >= max(givens, 1):
            found.append((f"{_labelled(others, size)} {evidence.label_names[other]}.", True))
        elif givens:
            found.append((f"{_labelled(givens, size)} {evidence.label_names[given]}, too.", False))
        else:
            either = f"{evidence.label_names[given]} or {evidence.label_names[other]}"
            found.append((f"{_labelled(0, size)} {either}.", False))
    return found


def _labelled(count: int, size: int) -> str:
    """Return, for example, ``7 of its 20 nearest texts are labelled``."""
    if size == 1:
        return "Its nearest text is labelled" if count else "Its nearest text is not labelled"
    return f"{count or 'None'} of its {size} nearest texts {'are' if count > 1 else 'is'} labelled"
