"""Warnings about what the models could not learn. This module imports nothing slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.config import AuditConfig
from auditor.wording import counted, listed, shorten

LEAST_RECALL = 0.3
"""Threshold: the models cannot recognise a class if the consensus predicts it for a smaller share of its rows."""
_LABEL = 60
"""Most characters of a label that are shown."""


@dataclass(frozen=True)
class Unrecognised:
    """A class that the models cannot recognise: they predict it for only ``found`` of its ``rows`` judged rows."""

    label: str
    rows: int
    found: int

    @property
    def share(self) -> float:
        """Share of the rows that are recognised."""
        return self.found / self.rows

    def __str__(self) -> str:
        rows = counted(self.rows, "row")
        label = shorten(self.label, _LABEL)
        return (
            f"The models cannot recognise {label}: they predict it for {self.found:,} of its {rows}, so flags on "
            "it say little."
        )


def unrecognised(scores: Mapping[str, Any], label_names: Sequence[str]) -> list[Unrecognised]:
    """Find the classes that the models cannot recognise, the least recognised first.

    Parameters
    ----------
    scores : mapping
        The content of ``scores.json``; only the confusion matrix of the consensus, given × predicted, is used.
    label_names : sequence of K str
    """
    confusion = scores["consensus"]["confusion"]
    classes = [
        Unrecognised(label, sum(row), row[code])
        for code, (label, row) in enumerate(zip(label_names, confusion, strict=True))
        if sum(row) and row[code] < LEAST_RECALL * sum(row)
    ]
    return sorted(classes, key=lambda unrecognised_class: (unrecognised_class.share, -unrecognised_class.rows))


def in_words(classes: Sequence[Unrecognised]) -> str | None:
    """Return one sentence of warning that names the classes; None if there are none."""
    if len(classes) < 2:
        return str(classes[0]) if classes else None
    named = [
        f"{shorten(found.label, _LABEL)} ({found.found:,} of {counted(found.rows, 'row')} recognised)"
        for found in classes
    ]
    return (
        f"The models cannot recognise {len(classes):,} of the labels, so flags on these say little: {listed(named, 5)}."
    )


def undertrained(scores: Mapping[str, Any], config: AuditConfig) -> str | None:
    """Return a warning if a transformer has learnt less than a quick model; None otherwise.

    Too few epochs on few rows are the usual reason. Both scores must be worse: weighted F1 and log-loss.

    Parameters
    ----------
    scores : mapping
        The content of ``scores.json``.
    config : AuditConfig
        The configuration of the run.
    """
    found = {spec: scores[spec.name] for spec in config.specs if scores.get(spec.name, {}).get("rows")}
    for spec, own in found.items():
        better = [
            (quick["weighted_f1"], other.adjective)
            for other, quick in found.items()
            if other.is_cheap and quick["weighted_f1"] > own["weighted_f1"] and quick["log_loss"] < own["log_loss"]
        ]
        if spec.has_base and better:
            f1, adjective = max(better)
            epochs = counted(config.finetuned.epochs, "epoch")
            return (
                f"The {spec.adjective} model predicts the labels worse than the {adjective} model does (weighted F1 "
                f"{own['weighted_f1']:.2f} and {f1:.2f}): {epochs} may be too few. Compare with twice as many."
            )
    return None


def nothing_judged(health: Mapping[str, Any], config: AuditConfig) -> str | None:
    """Return why no row could be judged, and what to do; None if rows were judged.

    Parameters
    ----------
    health : mapping
        The content of ``health.json``.
    config : AuditConfig
        The configuration of the run.
    """
    if health["judged"]:
        return None
    if config.train_on:
        train, audited = listed(config.train_on), listed(config.audit)
        return (
            f"No row could be judged: no label of the rows of {audited} occurs among those rows of {train} that have "
            "no duplicate there. Train on a split with the same labels, or cross-validate all rows."
        )
    return (
        "No row could be judged: each label occurs in only one distinct text, and no model can learn it without seeing "
        "that text. Add texts, or merge labels, until labels have at least two distinct texts each; then audit again."
    )
