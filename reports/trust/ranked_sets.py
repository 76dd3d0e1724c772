"""The sets whose wrong labels are known, with the product's own suspicion, also with fewer errors than they have."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.append(str(Path(__file__).parents[1] / "flags"))
from truth import load as load_truth

from auditor.data.labeled_texts import LabeledTexts
from auditor.evaluation.ranking import average_precision

RUNS = Path(__file__).parents[1] / "runs" / "flags"
SETS = ("md_agreement", "noisy_ag_news", "hate_offensive", "weak_trec", "weak_semeval", "politeness")
LOWER_RATES = (0.05, 0.02)


@dataclass(frozen=True)
class RankedSet:
    """One set; rows stand in the static order, the most suspect first.

    Attributes
    ----------
    name : str
    wrong : (N,) bool
        The given label is not the true one.
    flagged : (N,) bool
    given, suggested : (N,) str
    right : (N,) bool
        The suggestion is the true label.
    confidence : (N,) float64
        Consensus probability of the suggestion.
    ranking : float
        Average precision of the order.
    """

    name: str
    wrong: npt.NDArray[np.bool_]
    flagged: npt.NDArray[np.bool_]
    given: npt.NDArray[np.str_]
    suggested: npt.NDArray[np.str_]
    right: npt.NDArray[np.bool_]
    confidence: npt.NDArray[np.float64]
    ranking: float

    @property
    def rate(self) -> float:
        """Share of wrong labels."""
        return float(self.wrong.mean())


def load(name: str, runs: Path, data: Path) -> RankedSet:
    """Read a finished run of reports/flags, and which of its labels are wrong."""
    truth = load_truth(name, data)
    true = pd.Series(truth.true, index=truth.frame["id"].astype(str))
    table = pd.read_parquet(runs / name / "issues.parquet")
    chances = np.load(runs / name / "probabilities" / "consensus.npy")
    names = LabeledTexts.load(runs / name / "dataset.parquet", runs / name / "rejected.parquet").label_names
    rows = np.argsort(table["rank"].to_numpy(), kind="stable")
    rows = rows[table["suspicion"].notna().to_numpy()[rows]]
    table, chances = table.iloc[rows], chances[rows].astype(np.float64)
    right, given = true.loc[table["id"].astype(str)].to_numpy(np.str_), table["given_label"].to_numpy(np.str_)
    suggested = table["suggested_label"].to_numpy(np.str_)
    place = {label: column for column, label in enumerate(names)}
    confidence = chances[np.arange(len(chances)), [place[label] for label in suggested]]
    wrong = given != right
    return RankedSet(
        name=name,
        wrong=wrong,
        flagged=table["is_issue"].to_numpy(np.bool_),
        given=given,
        suggested=suggested,
        right=suggested == right,
        confidence=confidence,
        ranking=average_precision(-np.arange(len(wrong), dtype=np.float64), wrong),
    )


def versions(ranked_set: RankedSet, seed: int = 0) -> list[RankedSet]:
    """The set as it is, and with 5 % and 2 % errors: the others, drawn at random, have their true label."""
    every = [ranked_set]
    for rate in LOWER_RATES:
        if ranked_set.rate > rate:
            rng = np.random.default_rng(seed)
            kept = rng.choice(np.flatnonzero(ranked_set.wrong), round(rate * len(ranked_set.wrong)), replace=False)
            wrong = np.isin(np.arange(len(ranked_set.wrong)), kept)
            ranking = average_precision(-np.arange(len(wrong), dtype=np.float64), wrong)
            every.append(replace(ranked_set, name=f"{ranked_set.name}, {rate:.0%}", wrong=wrong, ranking=ranking))
    return every
