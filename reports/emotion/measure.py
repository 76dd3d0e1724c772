"""Audit the emotion tweets whole, the book's way, and with planted noise; write results.json and the figures.

    python reports/emotion/measure.py [--data DIR]

Each audit is a run under reports/runs/, so that this script goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

import auditor
from auditor.commands.progress import Terminal
from auditor.evaluation.noise import confused_noise, uniform_noise
from auditor.evaluation.ranking import average_precision, precision_at

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs"
LISTENER = Terminal(Console(stderr=True, highlight=False), verbosity=1)
ROWS, SHARE, SEED = 6_000, 0.05, 0
CONFUSIONS = {
    "joy": "love",
    "love": "joy",
    "anger": "sadness",
    "sadness": "anger",
    "fear": "surprise",
    "surprise": "fear",
}
FIGURES = ("models", "confusions", "heatmap", "map", "loss_by_class", "confusion_finetuned")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")) / "emotion")
    data = parser.parse_args().data
    train, val, test = (data / f"{name}.txt" for name in ("train", "val", "test"))

    whole = auditor.audit([train, val, test], out=RUNS / "emotion", listener=LISTENER)
    book = auditor.audit(
        [train, val], out=RUNS / "emotion-book", listener=LISTENER, train_on=("train",), audit=("val",)
    )
    results = {
        "whole": {**of_audit(whole), "stages": stages(whole), "machine": whole.run.manifest.machine},
        "train_to_val": of_audit(book),
        "noise": {kind: of_noise(kind, [train, val, test]) for kind in ("uniform", "confused")},
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (HERE / "figures").mkdir(exist_ok=True)
    for name in FIGURES:
        shutil.copy(whole.directory / "figures" / f"{name}.png", HERE / "figures")


def of_audit(audit: auditor.Audit) -> dict[str, Any]:
    """Scores of each model, issues, confusions, and what joy rows are flagged as."""
    issues = audit.issues[audit.issues["is_issue"]]
    joy = issues[issues["given_label"] == "joy"]
    kept = ("accuracy", "weighted_f1", "macro_f1", "log_loss")
    return {
        "rows": audit.health["rows"],
        "judged": audit.health["judged"],
        "issues": audit.health["issues"],
        "estimated_noise": audit.health["estimated_noise"],
        "duplicates": audit.health["duplicates"],
        "scores": {name: {key: scores[key] for key in kept} for name, scores in audit.scores.items()},
        "confusions": audit.health["confusions"][:10],
        "joy": {"issues": len(joy), "as": joy["suggested_label"].value_counts().to_dict()},
    }


def stages(audit: auditor.Audit) -> dict[str, Any]:
    """Seconds and peak memory (MiB) of each stage, folds together."""
    together: dict[str, dict[str, float]] = {}
    for name, stage in audit.run.manifest.stages.items():
        entry = together.setdefault(name.split("/")[0], {"seconds": 0.0, "peak_mib": 0})
        entry["seconds"] = round(entry["seconds"] + stage.seconds, 2)
        entry["peak_mib"] = max(entry["peak_mib"], (stage.peak_memory or 0) >> 20)
    return together


def of_noise(kind: str, files: list[Path]) -> dict[str, Any]:
    """Plant wrong labels into a sample, audit it, and measure how each ranking finds them."""
    texts = auditor.read(files)
    rows = np.sort(np.random.default_rng(SEED).choice(len(texts), ROWS, replace=False))
    labels, names = texts.labels[rows], texts.label_names
    if kind == "uniform":
        noisy = uniform_noise(labels, len(names), SHARE, SEED)
    else:
        noisy = confused_noise(labels, names, {given: [other] for given, other in CONFUSIONS.items()}, SHARE, SEED)
    frame = pd.DataFrame(
        {
            "id": np.array(texts.ids)[rows],
            "text": np.array(texts.texts, dtype=object)[rows],
            "label": np.array(names)[noisy],
        }
    )
    config = auditor.AuditConfig(read={"text": "text", "label": "label", "id": "id"})
    audit = auditor.audit(frame, config=config, out=RUNS / f"emotion-noise-{kind}", listener=LISTENER)
    issues = audit.issues.set_index("id").loc[frame["id"]]
    wrong = noisy != labels
    rankings = {name.removeprefix("loss_"): issues[name] for name in issues if name.startswith("loss_")}
    rankings["consensus"] = issues["suspicion"]
    flagged = issues["is_issue"].to_numpy()
    return {
        "rows": ROWS,
        "wrong": int(wrong.sum()),
        "flags": {"precision": float(wrong[flagged].mean()), "recall": float(flagged[wrong].mean())},
        "rankings": {
            name: {
                "average_precision": average_precision(suspicion.to_numpy(), wrong),
                "precision_at_errors": precision_at(suspicion.to_numpy(), wrong),
                "precision_at_100": precision_at(suspicion.to_numpy(), wrong, 100),
            }
            for name, suspicion in rankings.items()
        },
    }


if __name__ == "__main__":
    main()
