"""The README's claim: mean difference in average precision to the best peer on the four real sets, with an interval.

python reports/detection/headline.py

Reads differences.parquet and results.parquet. The sets are independent of each other, so the standard error of the mean
is that of independent means; each set's comes from its own 95 % bootstrap interval.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
REAL = ("md_agreement", "noisy_ag_news", "hate_offensive", "weak_trec")


def differences() -> pd.DataFrame:
    """Return a row per peer: mean difference, and the ends of its interval; the closest peer first."""
    table = pd.read_parquet(HERE / "differences.parquet")
    table = table[table["set"].isin(REAL) & (table["ours"] == "auditor") & table["other"].str.startswith("peer: ")]
    table = table.assign(variance=((table["high"] - table["low"]) / (2 * 1.96)) ** 2)
    peers = table.groupby("other").agg(sets=("set", "size"), mean=("difference", "mean"), variance=("variance", "sum"))
    half = 1.96 * np.sqrt(peers["variance"]) / len(REAL)
    peers = peers.assign(low=peers["mean"] - half, high=peers["mean"] + half)
    return peers[peers["sets"] == len(REAL)].sort_values("mean")[["mean", "low", "high"]]


def in_words() -> str:
    """Return the closest peer's line."""
    peers = differences()
    peer, best = str(peers.index[0]).removeprefix("peer: "), peers.iloc[0]
    return f"{peer}: +{best['mean']:.3f} [+{best['low']:.3f}, +{best['high']:.3f}]"


if __name__ == "__main__":
    print(differences().round(3).to_string())
    print(in_words())
