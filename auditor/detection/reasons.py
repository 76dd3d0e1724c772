"""Why a row is suspect, in plain sentences for a reviewer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from auditor.detection.flags import Flags
from auditor.signals import Inputs, Signal, listed

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Evidence:
    """What is known of N rows when reasons are given.

    Attributes
    ----------
    labels : (N,) int32
        Codes of the given labels.
    label_names : sequence of K str
    probabilities : mapping of str to (N, K) float32
        Of the models, without the consensus.
    exact, near : (N,) int32
        Group of rows with the same text, and with nearly the same.
    neighbours : (N, k) int32
        Nearest rows; -1 where there are fewer.
    more : Inputs
        What else the signals that are to speak need.
    """

    labels: Labels
    label_names: Sequence[str]
    probabilities: Mapping[str, npt.NDArray[np.float32]]
    exact: Labels
    near: Labels
    neighbours: npt.NDArray[np.int32]
    more: Inputs = field(default_factory=Inputs)


def give_reasons(
    rows: npt.NDArray[np.intp], evidence: Evidence, flags: Flags, signals: Sequence[Signal]
) -> list[list[str]]:
    """Say why some rows are suspect.

    First which other labels the same text has elsewhere, which is a fact; then what each signal says, how far the
    models agree, and how the nearest texts are labelled.

    Parameters
    ----------
    rows : (R,) intp
    evidence : Evidence
    flags : Flags
    signals : sequence of Signal
        Those that are to speak; beside probabilities and labels, they need what ``evidence.more`` holds.

    Returns
    -------
    list of R lists of str
        Never empty sentences; fewer of them where less is known.
    """
    inputs: Inputs = {**evidence.more, "probabilities": evidence.probabilities, "labels": evidence.labels}
    explained = ([signal.explain(row, **inputs) for signal in signals] for row in rows.tolist())
    found = (_agreement(rows, evidence, flags), _neighbours(rows, evidence, flags))
    return [
        [sentence for sentence in (elsewhere, *said, *more) if sentence]
        for elsewhere, said, *more in zip(_duplicates(rows, evidence), explained, *found, strict=True)
    ]


def _agreement(rows: npt.NDArray[np.intp], evidence: Evidence, flags: Flags) -> list[str]:
    """How many models prefer the predicted label, or keep the given one; a single model cannot agree."""
    models, names = len(evidence.probabilities), evidence.label_names
    if models < 2:
        return [""] * len(rows)
    predicted, given = flags.predicted[rows], evidence.labels[rows]
    votes = np.sum([model[rows].argmax(axis=1) == predicted for model in evidence.probabilities.values()], axis=0)
    sentences = []
    for label, own, count in zip(predicted.tolist(), given.tolist(), votes.tolist(), strict=True):
        who = f"{count} of {models} models"
        if count == models:
            who = "Both models" if models == 2 else f"All {models} models"
        verb = ("keep" if label == own else "prefer") + ("s" if count == 1 else "")
        sentences.append(f"{who} {verb} {names[label]}." if label >= 0 and count else "")
    return sentences


def _duplicates(rows: npt.NDArray[np.intp], evidence: Evidence) -> list[str]:
    """That the same text, or nearly the same, has another label elsewhere."""
    exact = _labels_by_group(evidence.exact, evidence.labels)
    near = _labels_by_group(evidence.near, evidence.labels)
    sentences = []
    for row in rows.tolist():
        own = int(evidence.labels[row])
        same = [code for code in exact.get(int(evidence.exact[row]), ()) if code != own]
        alike = [code for code in near.get(int(evidence.near[row]), ()) if code != own]
        kind, codes = ("identical", same) if same else ("near-identical", alike)
        labels = listed([evidence.label_names[code] for code in codes])
        article = "An" if kind == "identical" else "A"
        sentences.append(f"{article} {kind} text is labelled {labels}." if codes else "")
    return sentences


def _labels_by_group(group: Labels, labels: Labels) -> dict[int, list[int]]:
    """The labels in each group that has several, in the order of their codes."""
    pairs = np.unique(np.column_stack([group, labels]), axis=0)
    several = np.flatnonzero(np.bincount(pairs[:, 0]) > 1)
    found = defaultdict(list)
    for number, code in pairs[np.isin(pairs[:, 0], several)].tolist():
        found[number].append(code)
    return found


def _neighbours(rows: npt.NDArray[np.intp], evidence: Evidence, flags: Flags) -> list[str]:
    """The label that most of the nearest texts have; the predicted one, if several are as frequent."""
    neighbours = evidence.neighbours[rows]
    there = neighbours >= 0
    counts = np.zeros((len(rows), len(evidence.label_names)), dtype=np.int32)
    np.add.at(counts, (np.nonzero(there)[0], evidence.labels[neighbours[there]]), 1)
    most = (2 * counts + (np.arange(counts.shape[1]) == flags.predicted[rows, None])).argmax(axis=1)
    sentences = []
    columns = (most, counts[np.arange(len(rows)), most], there.sum(axis=1), evidence.labels[rows])
    for label, count, known, own in zip(*(column.tolist() for column in columns), strict=True):
        verb, too = "is" if count == 1 else "are", ", too" if label == own else ""
        which = f"{count} of its {known} nearest texts" if known > 1 else "Its nearest text"
        sentences.append(f"{which} {verb} labelled {evidence.label_names[label]}{too}." if known else "")
    return sentences
