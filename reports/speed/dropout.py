"""Measure what quick random numbers for dropout save, and whether they change what is learnt, and write dropout.json.

    python reports/speed/dropout.py [--data DIR] [--rows N] [--seeds N]

For each seed, the fine-tuned model learns from the same rows of the `emotion` tweets twice, with torch's random numbers
and with ours, and is tested on the rows of `val.txt`. The two take turns. Known seeds are not repeated: delete
dropout.json to start over.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from measure import machine
from sklearn.metrics import f1_score, log_loss

import auditor
from auditor.config import AuditConfig
from auditor.models.transformer import recording
from auditor.models.transformer.dropout import quick_dropout
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import find_weights

RESULTS = Path(__file__).parent / "dropout.json"
WAYS = {"torch": lambda seed, device: nullcontext(), "ours": quick_dropout}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    train, tested = (auditor.read(arguments.data / "emotion" / f"{split}.txt") for split in ("train", "val"))
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"machine": machine(), "seeds": {}}
    for seed in range(arguments.seeds):
        key = f"{arguments.rows} rows, seed {seed}"
        if key not in found["seeds"]:
            rows = np.random.default_rng(seed).permutation(len(train))[: arguments.rows]
            ways = list(WAYS)[:: 1 if seed % 2 else -1]
            found["seeds"][key] = {way: measured(way, train, tested, rows, seed) for way in ways}
            found["ours_minus_torch"] = compare(list(found["seeds"].values()))
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        print(key, found["seeds"][key], found["ours_minus_torch"], flush=True)


def measured(
    way: str, train: auditor.LabeledTexts, tested: auditor.LabeledTexts, rows: np.ndarray, seed: int
) -> dict[str, float]:
    """Train once: seconds, and scores on the tested rows."""
    recording.quick_dropout = WAYS[way]
    config = AuditConfig()
    model = Finetuned(find_weights(config.finetuned.base_model), config.finetuned, train.label_names, threads=2)
    texts = train.texts
    start = time.perf_counter()
    model.fit([texts[row] for row in rows.tolist()], train.labels[rows], seed)
    seconds = time.perf_counter() - start
    p = model.predict_proba(tested.texts).astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    return {
        "seconds": round(seconds, 2),
        "weighted_f1": round(float(f1_score(tested.labels, p.argmax(axis=1), average="weighted")), 4),
        "log_loss": round(float(log_loss(tested.labels, p, labels=range(p.shape[1]))), 4),
    }


def compare(pairs: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Mean difference over the seeds, and its standard error; for the seconds, the ratio of the medians."""
    found: dict[str, Any] = {"seeds": len(pairs)}
    for name in ("weighted_f1", "log_loss"):
        apart = np.array([pair["ours"][name] - pair["torch"][name] for pair in pairs])
        error = round(float(apart.std(ddof=1) / np.sqrt(len(apart))), 4) if len(apart) > 1 else None
        found[name] = [round(float(apart.mean()), 4), error]
    medians = {way: float(np.median([pair[way]["seconds"] for pair in pairs])) for way in WAYS}
    return {**found, "speed": round(medians["torch"] / medians["ours"], 3)}


if __name__ == "__main__":
    main()
