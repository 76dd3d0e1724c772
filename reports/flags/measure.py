"""Count flags and errors on every set, and write the tables of README.md.

python reports/flags/train.py      # quick audits of all sets; finished ones are not repeated
python reports/flags/measure.py [--data DIR]
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from counts import CHOSEN, COUNTS, confident_learning
from train import DATA, RUNS
from truth import SETS, load

from auditor.data.labeled_texts import LabeledTexts

HERE = Path(__file__).parent
FORMER = "flags of confident learning, as before"
SAMPLE = "sample"
RECALLS = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)
MOST = 0.002
"""Shares of a label that differ by less are not compared."""


@dataclass(frozen=True)
class Judged:
    """The judged rows of one set: (N,) in the order of the ranking, the most suspect first."""

    name: str
    wrong: npt.NDArray[np.bool_]
    given: npt.NDArray[np.str_]
    true: npt.NDArray[np.str_]
    predicted: npt.NDArray[np.str_]
    flagged: npt.NDArray[np.bool_]
    former: npt.NDArray[np.bool_]
    tier: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]
    counts: dict[str, int]
    accuracy: float
    baseline: float
    shares: dict[str, float]


def judged(name: str, data: Path) -> Judged:
    """Read a finished run, and which of its labels are wrong."""
    run, truth = RUNS / name, load(name, data)
    true = pd.Series(truth.true, index=truth.frame["id"].astype(str))
    table = pd.read_parquet(run / "issues.parquet")
    texts = LabeledTexts.load(run / "dataset.parquet", run / "rejected.parquet")
    rows = np.flatnonzero(table["suspicion"].notna())
    rows = rows[np.argsort(table["rank"].to_numpy()[rows])]
    chances = np.load(run / "probabilities" / "consensus.npy")[rows].astype(np.float64)
    labels, table = texts.labels[rows], table.iloc[rows]
    right = true.loc[table["id"]].to_numpy(np.str_)
    given = table["given_label"].to_numpy(np.str_)
    scores = json.loads((run / "scores.json").read_text("utf-8"))
    return Judged(
        name=name,
        wrong=given != right,
        given=given,
        true=right,
        predicted=np.asarray(texts.label_names)[chances.argmax(axis=1)],
        flagged=table["is_issue"].to_numpy(),
        former=confident_learning(labels, chances),
        tier=table["tier"].to_numpy(),
        kind=table["kind"].to_numpy(),
        counts={count: round(find(labels, chances)) for count, find in COUNTS.items()},
        accuracy=scores["consensus"]["accuracy"],
        baseline=scores["dummy"]["accuracy"],
        shares=json.loads((run / "consensus.json").read_text("utf-8"))["shares"],
    )


def compare_counts(every: list[Judged]) -> pd.DataFrame:
    """One row a set and candidate: flags, flagged per wrong label, precision, recall, share of all rows."""
    rows = []
    for judged_set in every:
        heads = {count: np.arange(len(judged_set.wrong)) < number for count, number in judged_set.counts.items()}
        for count, flagged in {FORMER: judged_set.former, **heads}.items():
            hits = int(judged_set.wrong[flagged].sum())
            about = {"ratio": flagged.sum() / judged_set.wrong.sum(), "precision": hits / max(flagged.sum(), 1)}
            about |= {"recall": hits / judged_set.wrong.sum(), "share": flagged.mean()}
            rows.append({"set": judged_set.name, "count": count, "flags": int(flagged.sum()), **about})
    table = pd.DataFrame(rows)
    return table.assign(miss=np.abs(np.log(table["ratio"])))


def choose(table: pd.DataFrame, sets: list[str]) -> str:
    """Of the counts whose mean precision is not below that of the former flags, the one nearest to the truth."""
    means = table[table["set"].isin(sets)].groupby("count")[["miss", "precision"]].mean()
    fitting = means[means["precision"] >= means.loc[FORMER, "precision"]].drop(index=FORMER)
    return str(fitting["miss"].idxmin())


def classes(every: list[Judged]) -> pd.DataFrame:
    """One row a class of five rows or more: its recall, and what its flags are worth."""
    rows = []
    for judged_set in every:
        for label in np.unique(judged_set.given):
            here = judged_set.given == label
            flagged, wrong = here & judged_set.flagged, judged_set.wrong[here].mean()
            if here.sum() >= 5 and flagged.any() and wrong:
                recall, right = (judged_set.predicted[here] == label).mean(), judged_set.wrong[flagged].mean()
                rows.append(
                    {"set": judged_set.name, "label": label, "recall": recall, "precision": right, "wrong": wrong}
                )
    table = pd.DataFrame(rows)
    return table.assign(lift=table["precision"] / table["wrong"])


def shares(judged_set: Judged) -> dict[str, float]:
    """How far given and estimated shares of the labels are from the true ones, and how often the direction is right."""
    names = list(judged_set.shares)
    given, true = (
        np.array([(labels == name).mean() for name in names]) for labels in (judged_set.given, judged_set.true)
    )
    estimated = np.array([judged_set.shares[name] for name in names])
    differs = np.abs(estimated - given) >= MOST
    right = ((estimated - given) * (true - given) > 0)[differs]
    return {
        "given": float(np.abs(given - true).sum()),
        "estimated": float(np.abs(estimated - true).sum()),
        "labels": int(differs.sum()),
        "right": int(right.sum()),
    }


def precisions(every: list[Judged], column: str, values: tuple[str, ...]) -> pd.DataFrame:
    """Set × value of a column: precision, and how many rows."""
    rows = []
    for judged_set in every:
        for value in values:
            chosen = getattr(judged_set, column) == value
            chosen = chosen if value == "low" else chosen & judged_set.flagged
            right = f"{judged_set.wrong[chosen].mean():.2f}" if chosen.any() else "-"
            rows.append({"set": judged_set.name, "value": value, "cell": f"{right} ({chosen.sum():,})"})
    return pd.DataFrame(rows).pivot(index="set", columns="value", values="cell").loc[list(SETS), list(values)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    every = [judged(name, parser.parse_args().data) for name in SETS]
    table = compare_counts(every)
    compared = [name for name in SETS if name != SAMPLE]
    left_out = {name: choose(table, [other for other in compared if other != name]) for name in compared}
    assert choose(table, compared) == CHOSEN, choose(table, compared)
    by_class = classes(every)
    about_shares = {judged_set.name: shares(judged_set) for judged_set in every}

    means = table[table["set"] != SAMPLE].groupby("count")[["miss", "precision", "recall", "share"]].mean()
    fill("counts", markdown(means.sort_values("miss").round(3)))
    for value in ("ratio", "precision", "recall", "share"):
        wide = table.pivot(index="count", columns="set", values=value).loc[[FORMER, *COUNTS], list(SETS)]
        fill(value, markdown(wide.round(2 if value != "share" else 3)))
    bins = pd.cut(by_class["recall"], RECALLS, include_lowest=True)
    grouped = by_class.groupby(bins, observed=True)
    fill(
        "recall-bins", markdown(grouped[["precision", "wrong", "lift"]].mean().assign(classes=grouped.size()).round(2))
    )
    fill("caution", markdown(caution(every)))
    fill("tiers", markdown(precisions(every, "tier", ("high", "medium", "low"))))
    fill("kinds", markdown(precisions(every, "kind", ("mislabelled", "ambiguous", "none_fits", "unclear"))))
    fill("shares", markdown(pd.DataFrame(about_shares).T.round(3)))
    results = {
        "sets": {
            judged_set.name: {"rows": len(judged_set.wrong), "wrong": int(judged_set.wrong.sum())}
            for judged_set in every
        },
        "counts": table.round(4).to_dict("records"),
        "chosen": CHOSEN,
        "chosen_without": left_out,
        "classes": by_class.round(4).to_dict("records"),
        "shares": about_shares,
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def caution(every: list[Judged]) -> pd.DataFrame:
    """Whether the models' accuracy tells what flags are worth: the part of the gap to 1 that they close."""
    rows = [
        {
            "set": judged_set.name,
            "accuracy": judged_set.accuracy,
            "baseline": judged_set.baseline,
            "gap closed": (judged_set.accuracy - judged_set.baseline) / (1 - judged_set.baseline),
            "precision": judged_set.wrong[judged_set.flagged].mean(),
            "wrong": judged_set.wrong.mean(),
            "lift": judged_set.wrong[judged_set.flagged].mean() / judged_set.wrong.mean(),
        }
        for judged_set in every
    ]
    return pd.DataFrame(rows).set_index("set").sort_values("gap closed").round(2)


def markdown(table: pd.DataFrame) -> str:
    """Write a table of Markdown, with its index as the first column."""
    head = [table.index.name or "", *map(str, table.columns)]
    rows = [[str(name), *map(str, row)] for name, row in zip(table.index, table.astype(object).to_numpy(), strict=True)]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def fill(name: str, text: str) -> None:
    """Put a table between its marks in README.md."""
    readme = HERE / "README.md"
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", flags=re.S)
    readme.write_text(marked.sub(lambda found: found[1] + text + found[2], readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
