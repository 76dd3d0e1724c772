"""Facts: figures on an audit and its corrections for the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np

from auditor.config import AuditConfig, is_address, short_name
from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import Summary, summarise
from auditor.correction.push.markdown import code
from auditor.modelspecs import MODELS
from auditor.review.feed.estimate import Estimate, Range
from auditor.run import Run
from auditor.run.artifacts import CONSENSUS, SCORES
from auditor.wording import counted

_DONE = {
    "relabel": "the new label",
    "keep": "the given label was confirmed",
    "exclude": "no usable row",
    "none_fits": "no class fits",
    "ambiguous": "several labels fit",
    "unsure": "the reviewer could not tell",
    "tie": "the reviewers disagree",
}
"""Meaning of each verdict."""
_IN_MEMORY = {"frame": "a pandas frame", "dataset": "a dataset in memory"}


@dataclass(frozen=True)
class HubSource:
    """Exact version of the audited Hub dataset."""

    name: str
    config: str | None
    commit: str | None


@dataclass(frozen=True)
class VerdictRows:
    """Number of rows with a verdict, its meaning, and the fate of the rows."""

    verdict: str
    rows: int
    meaning: str
    fate: str


@dataclass(frozen=True)
class SplitRows:
    """Counts of one split, without the rows that changed only with their class."""

    split: str
    rows: int
    changed: int
    left_out: int


@dataclass(frozen=True)
class Facts:
    """Facts for the card.

    Attributes
    ----------
    source : str
        Source of the audit, in Markdown.
    hub : HubSource or None
    summary : Summary
    policy : Policy
    chosen_view : bool
        Whether rows were chosen in addition to the policy.
    verdicts, splits : tuple
        One entry per verdict or split.
    classes : tuple of (str, int, int)
        Label, rows before, rows after (without rows left out); most rows first.
    by_several : int
        Number of rows judged by two or more people.
    models : dict of str to str
        Description of each model, in Markdown.
    version, date : str
        Version of auditor, and date of the audit.
    accuracy : float or None
        Share of the given labels that the consensus predicts, out of fold.
    reading : dict
        Reading options that differ from the defaults; see :meth:`auditor.config.ReadConfig.reading`.
    estimate : Estimate or None
        Estimate of the wrong given labels.
    left_wrong : Range or None
        Share of wrong labels in the corrected dataset, where known.
    certificates : tuple of str
        Sentences on the changes made in bulk under a certificate.
    """

    source: str
    hub: HubSource | None
    summary: Summary
    policy: Policy
    chosen_view: bool
    verdicts: tuple[VerdictRows, ...]
    splits: tuple[SplitRows, ...]
    classes: tuple[tuple[str, int, int], ...]
    by_several: int
    models: Mapping[str, str]
    version: str
    date: str
    accuracy: float | None
    reading: Mapping[str, Any] = field(default_factory=dict)
    estimate: Estimate | None = None
    left_wrong: Range | None = None
    certificates: tuple[str, ...] = ()


def gather(run: Run, corrections: Corrections) -> Facts:
    """Gather the facts of a finished run and its corrections."""
    manifest, origin, summary = run.manifest, corrections.texts.origin, summarise(corrections)
    config, scores = run.config, run.load(SCORES)
    options = origin.options
    hub = HubSource(origin.source, options.get("config"), options.get("commit")) if origin.format == "hub" else None
    return Facts(
        source=_IN_MEMORY.get(origin.format) or code(origin.source, 120),
        hub=hub,
        summary=summary,
        policy=corrections.policy,
        chosen_view=corrections.partial,
        verdicts=_verdicts(summary, corrections.policy),
        splits=_splits(corrections),
        classes=_classes(corrections),
        by_several=sum(len(outcome.reviewers) > 1 for outcome in corrections.outcomes.by_row.values()),
        models={name: _about(name, config) for name in config.pooled},
        version=manifest.versions.get("label-auditor", ""),
        date=manifest.created[:10],
        accuracy=scores.get(CONSENSUS, {}).get("accuracy"),
        reading=config.read.reading(),
        estimate=corrections.estimate,
        left_wrong=corrections.left_wrong,
        certificates=tuple(certificate.sentence for certificate in corrections.certificates),
    )


def _verdicts(summary: Summary, policy: Policy) -> tuple[VerdictRows, ...]:
    return tuple(
        VerdictRows(verdict, rows, _DONE[verdict], _fate(verdict, policy)) for verdict, rows in summary.verdicts.items()
    )


def _fate(verdict: str, policy: Policy) -> str:
    if verdict == "none_fits" and policy.add_classes:
        return "the new class where one was proposed" + ("; else left out" if verdict in policy.left_out else "")
    if verdict in policy.left_out:
        return "left out"
    return "relabelled" if verdict == "relabel" else "unchanged"


def _splits(corrections: Corrections) -> tuple[SplitRows, ...]:
    splits = corrections.texts.splits
    names = dict.fromkeys(splits.tolist())
    of_split = {name: splits == name for name in names}
    changed = corrections.changed & ~corrections.changed_by_class
    left_out = ~corrections.kept & ~corrections.excluded_by_class
    return tuple(
        SplitRows(name, int(rows.sum()), int((rows & changed).sum()), int((rows & left_out).sum()))
        for name, rows in of_split.items()
    )


def _classes(corrections: Corrections) -> tuple[tuple[str, int, int], ...]:
    names = corrections.label_names
    before = np.bincount(corrections.texts.labels, minlength=len(names))
    after = np.bincount(corrections.label[corrections.kept], minlength=len(names))
    counts = zip(names, before.tolist(), after.tolist(), strict=True)
    return tuple(sorted(counts, key=lambda row: -max(row[1:])))


def _about(model: str, config: AuditConfig) -> str:
    """Describe a model in Markdown. For a local one, give only the folder's name."""
    if spec := MODELS.get(model):
        if spec.has_base:
            epochs = counted(config.finetuned.epochs, "epoch")
            return f"{_name(config.finetuned.base_model)}, fine-tuned for {epochs}"
        return spec.about.replace("the encoder's vectors", f"the vectors of {_name(config.encoder.name)}")
    own = {short_name(own): f"a custom classifier, `{own}`" for own in config.models if is_address(own)}
    return own.get(model, "probabilities made elsewhere")


def _name(model: str) -> str:
    is_hub_name = model.count("/") <= 1 and not model.startswith(("/", ".", "~")) and "\\" not in model
    return code(model if is_hub_name else PurePath(model.replace("\\", "/")).name)
