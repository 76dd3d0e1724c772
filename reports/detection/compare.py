"""From results.parquet and the draws to the tables and figures of README.md.

    python reports/detection/compare.py

The tables stand in README.md between marks, and are replaced there.
"""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cached import RUNS
from judged import INK, calibration_table, draw_calibration, tier_table, votes_table
from ours import ABLATION, SINGLE
from peers import PEERS, QUICK
from sets import SETS
from tables import (
    HEADS,
    HERE,
    ablation_table,
    choice_table,
    difference_table,
    mean_ap,
    precision_table,
    quick_table,
    read_table,
    replace_table,
    signal_table,
)

OUR, PALE = "#c2410c", "#94a3b8"


def main() -> None:
    results = pd.read_parquet(HERE / "results.parquet")
    differences = compared(results)
    differences.to_parquet(HERE / "differences.parquet", index=False)
    tables = {
        "precision": precision_table(results),
        "differences": difference_table(differences),
        "read": read_table(results),
        "quick": quick_table(results, differences),
        "ablation": ablation_table(differences),
        "signals": signal_table(results),
        "choice": choice_table(results),
        "tiers": tier_table(results),
        "votes": votes_table(results),
        "calibration": calibration_table(results),
    }
    for name, table in tables.items():
        replace_table(name, table)
    mpl.rcParams.update(
        {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "auditor"}
    )
    (HERE / "figures").mkdir(exist_ok=True)
    draw_precision(results)
    draw_differences(differences)
    _save(draw_calibration(results), "calibration")


def compared(results: pd.DataFrame) -> pd.DataFrame:
    """Differences of average precisions, paired by row and averaged over the seeds, with 95 % intervals."""
    pairs = [("auditor", f"peer: {peer}") for peer in PEERS]
    pairs += [("auditor", f"model: {model}") for model in SINGLE]
    pairs += [("auditor (quick)", f"peer: {peer}") for peer in PEERS if peer in QUICK]
    parts = [("all parts", f"ablation: {part}") for part in ABLATION if part != "all parts"]
    rows = []
    for name in results["set"].unique():
        seeds = results.loc[results["set"] == name, "seed"].unique()
        draws = [pd.read_parquet(RUNS / f"{name}-{seed}" / "draws.parquet") for seed in seeds]
        for group, of in (("ours", pairs), ("ablation", parts)):
            for mine, other in of:
                apart = np.mean([table[f"{group}: {mine}"] - table[other] for table in draws], axis=0)
                low, high = np.quantile(apart[1:], [0.025, 0.975])
                rows.append(
                    {"set": name, "ours": mine, "other": other, "difference": apart[0], "low": low, "high": high}
                )
    return pd.DataFrame(rows)


def draw_precision(results: pd.DataFrame) -> None:
    """One row of dots a set: peers pale, ours in colour."""
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    peers, ours = mean_ap(results, "peer"), mean_ap(results, "ours")
    sets = list(peers.columns)[::-1]
    for place, name in enumerate(sets):
        axes.plot(peers[name], [place] * len(peers), "o", color=PALE, alpha=0.8, ms=6, mew=0)
        axes.plot(ours.loc["auditor (quick)", name], place, "D", color="white", mec=OUR, ms=7, mew=1.5)
        axes.plot(ours.loc["auditor", name], place, "D", color=OUR, ms=8, mew=0)
        best = peers[name].idxmax()
        axes.annotate(
            best,
            (peers[name].max(), place),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=7,
        )
    axes.set_yticks(range(len(sets)), sets)
    axes.set_xlabel("average precision, mean over the seeds")
    axes.plot([], [], "D", color=OUR, label="auditor")
    axes.plot([], [], "D", color="white", mec=OUR, label="auditor, without fine-tuning")
    axes.plot([], [], "o", color=PALE, label="peers (the best is named)")
    figure.legend(frameon=False, loc="outside upper center", ncols=3)
    _save(figure, "precision")


def draw_differences(differences: pd.DataFrame) -> None:
    """Ours less each peer on each set, with its interval."""
    chosen = differences[(differences["ours"] == "auditor") & differences["other"].str.startswith("peer: ")]
    sets = [name for name in SETS if name in set(chosen["set"])]
    peers = list(chosen["other"].unique())[::-1]
    figure, panels = plt.subplots(1, len(sets), figsize=(11, 4.2), sharey=True, layout="constrained")
    for axes, name in zip(np.atleast_1d(panels), sets, strict=True):
        rows = chosen[chosen["set"] == name].set_index("other").loc[peers]
        colours = np.where(rows["high"] < 0, "#b91c1c", np.where(rows["low"] > 0, OUR, PALE))
        axes.hlines(range(len(peers)), rows["low"], rows["high"], color=colours, lw=2)
        axes.scatter(rows["difference"], range(len(peers)), color=colours, s=14, zorder=3)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_title(HEADS[name], fontsize=9)
        axes.set_xlim(-0.1, 0.8)
    np.atleast_1d(panels)[0].set_yticks(range(len(peers)), [other.removeprefix("peer: ") for other in peers])
    figure.supxlabel("auditor less peer in average precision; 95 % interval (paired bootstrap over rows)", fontsize=9)
    _save(figure, "differences")


def _save(figure: plt.Figure, name: str) -> None:
    figure.savefig(HERE / "figures" / f"{name}.png", dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
