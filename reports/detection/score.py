"""Score every ranking on every set and seed: results.parquet.

    python reports/detection/score.py [--sets NAME ...] [--seeds 0 1 2] [--again [GROUP ...]]

What is scored once is kept beside the run. It is not scored again unless the audit was brought up to date since, or
with --again; with groups, only those are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
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
    rescored = () if arguments.again is None else arguments.again or (*GROUPS, "signal")
    found = [
        score(name, seed, rescored)
        for seed in arguments.seeds
        for name in arguments.sets
        if (RUNS / f"{name}-{seed}" / "neighbours.finetuned.npz").exists()
    ]
    found += [
        repeated(name, bool(rescored))
        for name in REAL
        if all((RUNS / f"{name}-{seed}" / "scored.parquet").exists() for seed in (0, 1, 2))
    ]
    pd.concat(found).to_parquet(HERE / "results.parquet", index=False)


def repeated(name: str, rescore: bool) -> pd.DataFrame:
    """The audit with --repeats 3, of a set whose rows are the same under each seed."""
    place = RUNS / f"{name}-0" / "repeated.parquet"
    if rescore or _outdated(place):
        cached = [Cached.load(name, seed) for seed in (0, 1, 2)]
        about = {"set": name, "seed": 0, "group": "repeated", "ranking": "auditor --repeats 3", "seconds": 0.0}
        pd.DataFrame([about | measures(thrice(cached), cached[0].wrong)]).to_parquet(place, index=False)
    return pd.read_parquet(place)


def score(name: str, seed: int, rescored: Collection[str] = ()) -> pd.DataFrame:
    """One row a ranking; the average precisions of all draws beside it in the run's folder."""
    place = RUNS / f"{name}-{seed}" / "scored.parquet"
    finished, draws = _finished(place, {*rescored, *_outdated(place)})
    rankings = [(group, ranking, make) for group, all_of in GROUPS.items() for ranking, make in all_of.items()]
    signals = pq.read_schema(place.with_name("signals.parquet")).names
    rankings += [("signal", column, None) for column in signals]
    missing = [entry for entry in rankings if entry[:2] not in finished]
    if missing:
        cached = Cached.load(name, seed)
        # The sets' own rows are the same under each seed: so are the draws, and a mean over seeds stays paired.
        drawn = counts(len(cached.labels), DRAWS, seed=len(cached.labels))
    for group, ranking, make in missing:
        start = time.perf_counter()
        scores = cached.signals[ranking].fillna(-1.0).to_numpy(np.float64) if make is None else make(cached)
        about = {"set": name, "seed": seed, "group": group, "ranking": ranking} | measures(scores, cached.wrong)
        finished[group, ranking] = about | {"seconds": time.perf_counter() - start}
        if group not in ("method", "signal"):
            draws[f"{group}: {ranking}"] = average_precisions(np.asarray(scores, np.float64), cached.wrong, drawn)
    table = pd.DataFrame([finished[entry[:2]] for entry in rankings])
    if missing:
        pd.DataFrame(draws).to_parquet(place.with_name("draws.parquet"), index=False)
        issues = cached.issues[["id", "suspicion", "is_issue", "tier", "kind", "kind_confidence", "stability"]]
        issues.assign(wrong=cached.wrong).to_parquet(place.with_name("judged.parquet"), index=False)
        table.to_parquet(place, index=False)
        shown = table[table["group"].isin(["ours", "peer"])]
        print(name, seed, shown.set_index("ranking")["ap"].round(3).to_dict(), flush=True)
    return table


def _finished(place: Path, rescored: Collection[str]) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, Any]]:
    """What is scored already, by group and ranking, and its draws; without some groups."""
    if not place.exists():
        return {}, {}
    rows = pd.read_parquet(place).to_dict("records")
    draws = pd.read_parquet(place.with_name("draws.parquet"))
    finished = {(row["group"], row["ranking"]): row for row in rows if row["group"] not in rescored}
    return finished, {name: draws[name] for name in draws if name.split(":")[0] not in rescored}


def _outdated(place: Path) -> set[str]:
    """Groups that were scored before the audit was brought up to date: all but peers and single models."""
    issues = place.with_name("issues.parquet")
    fresh = place.exists() and place.stat().st_mtime > issues.stat().st_mtime
    return set() if fresh else {"ours", "ablation", "method", "signal"}


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
