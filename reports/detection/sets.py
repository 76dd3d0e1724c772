"""The sets of the benchmark: texts with given labels, and which of those are known to be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

import auditor
from auditor.evaluation.noise import confused_noise, text_noise, uniform_noise

REAL = ("md_agreement", "noisy_ag_news", "hate_offensive", "weak_trec")
"""Labels that people or rules gave, beside better ones."""
PLANTED = ("emotion-uniform", "emotion-pairs", "emotion-text")
"""Five per cent of labels changed: to any other, to one that people confuse it with, or that a weak model does."""
SETS = (*REAL, *PLANTED)

ROWS, SHARE = 6_000, 0.05
CONFUSIONS = {
    "joy": ["love"],
    "love": ["joy"],
    "anger": ["sadness"],
    "sadness": ["anger"],
    "fear": ["surprise"],
    "surprise": ["fear"],
}


@dataclass(frozen=True)
class Labelled:
    """One set.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``id``, ``text`` and ``label``: all that a detector may see.
    true : (N,) array of str
        The true labels: for scoring alone.
    """

    frame: pd.DataFrame
    true: npt.NDArray[np.str_]

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """(N,) whose given label is not the true one."""
        return self.frame["label"].to_numpy(np.str_) != self.true

    def part(self, rows: int, seed: int) -> Labelled:
        """Draw so many rows, in their order."""
        drawn = np.sort(np.random.default_rng(seed).permutation(len(self.frame))[:rows])
        return Labelled(self.frame.iloc[drawn], self.true[drawn])

    def suspicion(self, issues: pd.DataFrame) -> npt.NDArray[np.float64]:
        """(N,) suspicion of each row by an audit's issues; -1 for a row that was not judged."""
        found = issues.set_index("id")["suspicion"].loc[self.frame["id"].astype(str)]
        return found.fillna(-1.0).to_numpy(np.float64)


def load(name: str, data: Path, seed: int) -> Labelled:
    """Read a set; of those with planted errors, ``seed`` draws the rows and the errors."""
    if name in REAL:
        table = pd.read_parquet(data / name / f"{name}.parquet")
        frame = table[["id", "text"]].assign(label=table["given_label"])
        return Labelled(frame, table["true_label"].to_numpy(np.str_))
    return _planted(name.removeprefix("emotion-"), data / "emotion", seed)


def _planted(kind: str, folder: Path, seed: int) -> Labelled:
    texts = auditor.read([folder / f"{split}.txt" for split in ("train", "val", "test")])
    rows = np.sort(np.random.default_rng(seed).choice(len(texts), ROWS, replace=False))
    labels, names = texts.labels[rows], texts.label_names
    every, every_id = texts.texts, texts.ids  # lists that are made anew whenever they are asked for
    words, ids = [every[row] for row in rows.tolist()], [every_id[row] for row in rows.tolist()]
    if kind == "uniform":
        noisy = uniform_noise(labels, len(names), SHARE, seed)
    elif kind == "pairs":
        noisy = confused_noise(labels, names, CONFUSIONS, SHARE, seed)
    else:
        weak = make_pipeline(TfidfVectorizer(min_df=2), MultinomialNB())
        noisy = text_noise(labels, cross_val_predict(weak, words, labels, method="predict_proba"), SHARE, seed)
    frame = pd.DataFrame({"id": ids, "text": words, "label": np.array(names)[noisy]})
    return Labelled(frame, np.array(names)[labels])
