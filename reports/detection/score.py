"""Score every ranking on every set and seed: results.parquet.

    python reports/detection/score.py [--sets NAME ...] [--seeds 0 1 2] [--again [GROUP ...]]

What is scored once is kept beside the run, and not scored again unless --again; with groups, only those are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from cached import RUNS, Cached
from ours import ABLATION, METHODS, OURS, SINGLE, thrice
from peers import PEERS
from resample import DRAWS, average_precisions, counts
from sets import REAL, SETS

from auditor.evaluation.ranking import average_precision, precision_at

HERE = Path(__file__).parent
GROUPS = {"ours": OURS, "peer": PEERS, "model": SINGLE, "ablation": ABLATION, "method": METHODS}
READ = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--again", nargs="*", choices=(*GROUPS, "signal"))
    arguments = parser.parse_args()
    again = () if arguments.again is None else arguments.again or (*GROUPS, "signal")
    found = [
        score(name, seed, again)
        for seed in arguments.seeds
        for name in arguments.sets
        if (RUNS / f"{name}-{seed}" / "neighbours.finetuned.npz").exists()
    ]
    found += [
        repeated(name, bool(again))
        for name in REAL
        if all((RUNS / f"{name}-{seed}" / "scored.parquet").exists() for seed in (0, 1, 2))
    ]
    pd.concat(found).to_parquet(HERE / "results.parquet", index=False)


def repeated(name: str, again: bool) -> pd.DataFrame:
    """The audit with --repeats 3, of a set whose rows are the same under each seed."""
    place = RUNS / f"{name}-0" / "repeated.parquet"
    if again or not place.exists():
        cached = [Cached.load(name, seed) for seed in (0, 1, 2)]
        about = {"set": name, "seed": 0, "group": "repeated", "ranking": "auditor --repeats 3", "seconds": 0.0}
        pd.DataFrame([about | measures(thrice(cached), cached[0].wrong)]).to_parquet(place, index=False)
    return pd.read_parquet(place)


def score(name: str, seed: int, again: Collection[str] = ()) -> pd.DataFrame:
    """One row a ranking; the average precisions of all draws beside it in the run's folder."""
    place = RUNS / f"{name}-{seed}" / "scored.parquet"
    known = pd.read_parquet(place) if place.exists() else pd.DataFrame({"group": []})
    kept = known[~known["group"].isin(again)]
    if len(kept) and len(kept) == len(known):
        return known
    cached = Cached.load(name, seed)
    # The sets' own rows are the same under each seed: so are the draws, and a mean over seeds stays paired.
    drawn = counts(len(cached.labels), DRAWS, seed=len(cached.labels))
    rows, draws = kept.to_dict("records"), {}
    if len(kept):
        before = pd.read_parquet(place.with_name("draws.parquet"))
        draws = {name: before[name] for name in before if name.split(":")[0] not in again}
    rankings = [(group, ranking, make) for group, all_of in GROUPS.items() for ranking, make in all_of.items()]
    rankings += [("signal", column, None) for column in cached.signals.columns]
    for group, ranking, make in rankings:
        if len(kept) and group not in again:
            continue
        start = time.perf_counter()
        scores = cached.signals[ranking].fillna(-1.0).to_numpy(np.float64) if make is None else make(cached)
        seconds = time.perf_counter() - start
        if group not in ("method", "signal"):
            draws[f"{group}: {ranking}"] = average_precisions(np.asarray(scores, np.float64), cached.wrong, drawn)
        rows.append({"set": name, "seed": seed, "group": group, "ranking": ranking} | measures(scores, cached.wrong))
        rows[-1]["seconds"] = seconds
    pd.DataFrame(draws).to_parquet(place.with_name("draws.parquet"), index=False)
    said = cached.issues[["id", "suspicion", "is_issue", "tier", "kind", "kind_confidence", "stability"]]
    said.assign(wrong=cached.wrong).to_parquet(place.with_name("judged.parquet"), index=False)
    table = pd.DataFrame(rows)
    table.to_parquet(place, index=False)
    shown = table[table["group"].isin(["ours", "peer"])]
    print(name, seed, shown.set_index("ranking")["ap"].round(3).to_dict(), flush=True)
    return table


def measures(scores: np.ndarray, wrong: np.ndarray) -> dict[str, float]:
    """Average precision; precision and recall at the number of errors, which are equal; and of what is read first."""
    return {
        "ap": average_precision(scores, wrong),
        "at_errors": precision_at(scores, wrong),
        "first_100": precision_at(scores, wrong, 100),
        "found_in_1000": READ * precision_at(scores, wrong, min(READ, len(wrong))),
        "errors": int(wrong.sum()),
        "rows": len(wrong),
    }


if __name__ == "__main__":
    main()
