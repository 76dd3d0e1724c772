"""The tables of README.md about rankings, and how a table gets there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
from ours import DEFAULT, METHODS, OURS
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


def replace_table(name: str, table: str) -> None:
    """Put a table of Markdown between its marks in README.md."""
    readme = HERE / "README.md"
    text = readme.read_text("utf-8")
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", flags=re.S)
    readme.write_text(marked.sub(lambda found: found[1] + table + found[2], text), "utf-8")


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
