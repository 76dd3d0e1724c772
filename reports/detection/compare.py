"""From results.parquet and the draws to the tables and figures of README.md.

    python reports/detection/compare.py

The tables stand in README.md between marks, and are replaced there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cached import DATA, RUNS
from ours import ABLATION, DEFAULT, METHODS, OURS, SINGLE
from peers import PEERS, QUICK
from sets import REAL, SETS

HERE = Path(__file__).parent
VERIFIED = json.loads((HERE / "verified.json").read_text("utf-8"))
HEADS = {
    "md_agreement": "md",
    "noisy_ag_news": "ag",
    "hate_offensive": "hate",
    "weak_trec": "trec",
    "emotion-uniform": "uniform",
    "emotion-pairs": "pairs",
    "emotion-text": "text",
}
OUR, PALE, INK = "#c2410c", "#94a3b8", "#334155"


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
    }
    readme = HERE / "README.md"
    text = readme.read_text("utf-8")
    for name, table in tables.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda found, table=table: found[1] + table + found[2],
            text,
            flags=re.S,
        )
    readme.write_text(text, "utf-8")
    mpl.rcParams.update(
        {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "auditor"}
    )
    (HERE / "figures").mkdir(exist_ok=True)
    draw_precision(results)
    draw_differences(differences)
    draw_calibration(results)


# -- figures of the rankings ------------------------------------------------------------------------------------------


def mean_ap(results: pd.DataFrame, group: str, value: str = "ap") -> pd.DataFrame:
    """Ranking × set, means over the seeds."""
    chosen = results[results["group"] == group]
    table = chosen.pivot_table(index="ranking", columns="set", values=value, sort=False)
    return table[[name for name in SETS if name in table]]


def best_peer(results: pd.DataFrame) -> tuple[str, float]:
    """The verified peer with the highest mean over the four real sets, and that mean."""
    means = mean_ap(results, "peer")[list(REAL)].mean(axis=1)
    counted = means[[name for name in means.index if VERIFIED[name]["verified"]]]
    return str(counted.idxmax()), float(counted.max())


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
                apart = np.mean([each[f"{group}: {mine}"] - each[other] for each in draws], axis=0)
                low, high = np.quantile(apart[1:], [0.025, 0.975])
                rows.append(
                    {"set": name, "ours": mine, "other": other, "difference": apart[0], "low": low, "high": high}
                )
    return pd.DataFrame(rows)


def precision_table(results: pd.DataFrame) -> str:
    """Average precision of ours, of every peer and of the models alone."""
    groups = set(results["group"])
    table = pd.concat([mean_ap(results, group) for group in ("ours", "repeated", "peer", "model") if group in groups])
    table["mean"] = table[list(REAL)].mean(axis=1, skipna=False)
    peers = table.loc[list(PEERS)]
    lines = ["| ranking | " + " | ".join([*(HEADS[name] for name in table.columns[:-1]), "mean of four"]) + " |"]
    lines.append("|---|" + "---|" * len(table.columns))
    for ranking, row in table.iterrows():
        cells = []
        for name, value in row.items():
            best = value >= peers[name].max() and ranking in (*OURS, *PEERS, "auditor --repeats 3")
            cells.append("" if np.isnan(value) else f"**{value:.3f}**" if best else f"{value:.3f}")
        mark = "" if ranking not in PEERS or VERIFIED[ranking]["verified"] else " ¹"
        quick = " ⚡" if ranking in QUICK or ranking in ("auditor (quick)", "features alone", "lexical alone") else ""
        lines.append(f"| {ranking}{quick}{mark} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def difference_table(differences: pd.DataFrame) -> str:
    """Ours less each peer, with its interval."""
    return _differences(differences[differences["ours"] == "auditor"], "peer: ")


def quick_table(results: pd.DataFrame, differences: pd.DataFrame) -> str:
    """The quick audit less each peer that does not fine-tune."""
    return _differences(differences[differences["ours"] == "auditor (quick)"], "peer: ")


def ablation_table(differences: pd.DataFrame) -> str:
    """The whole less the whole without a part."""
    return _differences(differences[differences["ours"] == "all parts"], "ablation: ", digits=4)


def _differences(differences: pd.DataFrame, prefix: str, digits: int = 3) -> str:
    sets = [name for name in SETS if name in set(differences["set"])]
    lines = ["| | " + " | ".join(HEADS[name] for name in sets) + " |", "|---|" + "---|" * len(sets)]
    for other, rows in differences.groupby("other", sort=False):
        if not str(other).startswith(prefix):
            continue
        by_set = rows.set_index("set")
        cells = [
            f"{by_set.loc[name, 'difference']:+.{digits}f} [{by_set.loc[name, 'low']:+.{digits}f}, "
            f"{by_set.loc[name, 'high']:+.{digits}f}]"
            for name in sets
        ]
        lines.append(f"| {str(other).removeprefix(prefix)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def read_table(results: pd.DataFrame) -> str:
    """What is found by who reads from the top: ours, and the best peer by each figure."""
    values = {"at_errors": "precision at the number of errors", "first_100": "precision in the first 100"}
    values |= {"found_in_1000": "errors found in the first 1,000"}
    lines = ["| | ranking | " + " | ".join(HEADS.values()) + " |", "|---|---|" + "---|" * len(HEADS)]
    for value, title in values.items():
        peers = mean_ap(results, "peer", value)
        best = peers.mean(axis=1).idxmax()
        ours = mean_ap(results, "ours", value)
        for ranking, row in [*ours.iterrows(), (f"best peer: {best}", peers.loc[best])]:
            digits = 0 if value == "found_in_1000" else 3
            cells = [f"{row[name]:.{digits}f}" if name in row else "" for name in HEADS]
            lines.append(f"| {title} | {ranking} | " + " | ".join(cells) + " |")
            title = ""
    return "\n".join(lines) + "\n"


def signal_table(results: pd.DataFrame) -> str:
    """Average precision of every signal by itself."""
    table = mean_ap(results, "signal")
    lines = [
        "| signal | " + " | ".join(HEADS[name] for name in table.columns) + " |",
        "|---|" + "---|" * table.shape[1],
    ]
    lines += [f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + " |" for name, row in table.iterrows()]
    return "\n".join(lines) + "\n"


def choice_table(results: pd.DataFrame) -> str:
    """What the choice on all sets but one comes to on that one."""
    table = mean_ap(results, "method").loc[list(METHODS)]
    lines = [
        "| left out | best on the others | its average precision there | the default's | best of all there |",
        "|---|---|---|---|---|",
    ]
    for name in table:
        chosen = table.drop(columns=name).mean(axis=1).idxmax()
        cells = (table.loc[chosen, name], table.loc[DEFAULT, name], table[name].max())
        lines.append(f"| {name} | {chosen} | " + " | ".join(f"{value:.3f}" for value in cells) + " |")
    return "\n".join(lines) + "\n"


# -- tiers, kinds, calibration ----------------------------------------------------------------------------------------


def audited(results: pd.DataFrame, name: str) -> pd.DataFrame:
    """All that was said of the rows, with ``wrong``, over the seeds."""
    seeds = results.loc[results["set"] == name, "seed"].unique()
    return pd.concat([pd.read_parquet(RUNS / f"{name}-{seed}" / "judged.parquet") for seed in seeds])


def tier_table(results: pd.DataFrame) -> str:
    """Share of wrong labels by tier and by kind, and how many rows there are."""
    sets = [name for name in SETS if name in set(results["set"])]
    frames = {name: audited(results, name) for name in sets}
    lines = ["| | " + " | ".join(HEADS[name] for name in sets) + " |", "|---|" + "---|" * len(sets)]
    for column, values in (
        ("tier", ("high", "medium", "low")),
        ("kind", ("mislabelled", "ambiguous", "none_fits", "duplicate_conflict", "unclear")),
    ):
        for value in values:
            cells = []
            for name in sets:
                rows = frames[name][frames[name][column] == value]
                seeds = len(results.loc[results["set"] == name, "seed"].unique())
                cells.append(f"{rows['wrong'].mean():.2f} of {len(rows) / seeds:.0f}" if len(rows) else "none")
            lines.append(f"| {value} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def votes_table(results: pd.DataFrame) -> str:
    """How the votes split, by kind, where all votes are known."""
    lines = [
        "| set | kind | rows | votes split (share of the largest label < 0.75) | given label is the majority's |",
        "|---|---|---|---|---|",
    ]
    for name in ("md_agreement", "hate_offensive"):
        if name not in set(results["set"]):
            continue
        votes = pd.read_parquet(DATA / name / "votes.parquet")
        split = votes_split(votes)
        rows = audited(results, name)
        rows = rows.assign(split=split.reindex(rows["id"]).to_numpy())
        rows = rows.assign(kind=rows["kind"].fillna("label is likely right"))
        for kind, part in rows.groupby("kind"):
            right = 1 - part["wrong"].mean()
            lines.append(f"| {name} | {kind} | {len(part)} | {part['split'].mean():.2f} | {right:.2f} |")
    return "\n".join(lines) + "\n"


def votes_split(votes: pd.DataFrame) -> pd.Series:
    """By id: whether no label has three quarters of the votes."""
    each = votes["votes"].str.split("|")
    largest = each.map(lambda labels: max(map(labels.count, labels)) / len(labels))
    return pd.Series((largest < 0.75).to_numpy(np.float64), index=votes["id"].astype(str))


# -- pictures ---------------------------------------------------------------------------------------------------------


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


def draw_calibration(results: pd.DataFrame) -> None:
    """Whether the consensus knows how often it agrees with the given label, and what it says of the true one."""
    sets = [name for name in SETS if name in set(results["set"])]
    figure, (given, true) = plt.subplots(1, 2, figsize=(9, 4.3), layout="constrained")
    for name, colour in zip(sets, plt.get_cmap("tab10").colors, strict=False):
        seed = results.loc[results["set"] == name, "seed"].min()
        run = RUNS / f"{name}-{seed}"
        issues = pd.read_parquet(run / "issues.parquet", columns=["given_label", "predicted_label"])
        confidence = np.load(run / "probabilities" / "consensus.npy").max(axis=1)
        _calibrated(given, confidence, issues["given_label"] == issues["predicted_label"], colour, name)
        rows = audited(results, name)
        _calibrated(true, rows["suspicion"].to_numpy(), rows["wrong"], colour, name)
    given.set(xlabel="probability of the likeliest label", ylabel="share of rows that are given it")
    true.set(xlabel="suspicion", ylabel="share of labels that are wrong")
    for axes in (given, true):
        axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
    figure.legend(*given.get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=4)
    _save(figure, "calibration")


def _calibrated(axes: plt.Axes, said: np.ndarray, was: pd.Series, colour: str, name: str) -> None:
    """Mean of what was in each tenth of what was said; tenths of few rows are left out."""
    known = ~np.isnan(said)
    tenths = pd.Series(np.minimum((said[known] * 10).astype(int), 9))
    table = pd.DataFrame({"said": said[known], "was": np.asarray(was, float)[known]}).groupby(tenths.to_numpy())
    means = table.mean()[table.size() >= 20]
    axes.plot(means["said"], means["was"], "o-", color=colour, ms=4, lw=1.2, label=name)


def _save(figure: plt.Figure, name: str) -> None:
    figure.savefig(HERE / "figures" / f"{name}.png", dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
