"""What the audit itself says of the rows of the benchmark, beside the truth: tiers, kinds, and its probabilities."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cached import DATA, RUNS
from sets import SETS
from tables import HEADS

INK = "#334155"


def audited(results: pd.DataFrame, name: str) -> pd.DataFrame:
    """The judged rows of all seeds, with ``wrong``."""
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
    label_lists = votes["votes"].str.split("|")
    largest = label_lists.map(lambda labels: max(map(labels.count, labels)) / len(labels))
    return pd.Series((largest < 0.75).to_numpy(np.float64), index=votes["id"].astype(str))


def calibration_table(results: pd.DataFrame) -> str:
    """How far the consensus is off, on average: of the given label, and of the true one."""
    sets = [name for name in SETS if name in set(results["set"])]
    errors: dict[str, list[str]] = {"likeliest label is the given one": [], "given label is wrong": []}
    for name in sets:
        seeds = results.loc[results["set"] == name, "seed"].unique()
        off = np.mean([_calibration_errors(name, seed) for seed in seeds], axis=0)
        for cells, value in zip(errors.values(), off, strict=True):
            cells.append(f"{value:.3f}")
    lines = ["| that the … | " + " | ".join(HEADS[name] for name in sets) + " |", "|---|" + "---|" * len(sets)]
    lines += [f"| {what} | " + " | ".join(cells) + " |" for what, cells in errors.items()]
    return "\n".join(lines) + "\n"


def _calibration_errors(name: str, seed: int) -> tuple[float, float]:
    given, confidence, rows = _predictions(name, seed)
    return expected_error(confidence, given), expected_error(rows["suspicion"].to_numpy(), rows["wrong"].to_numpy())


def _predictions(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Whether the likeliest label is the given one, its probability, and ``judged.parquet``."""
    run = RUNS / f"{name}-{seed}"
    issues = pd.read_parquet(run / "issues.parquet", columns=["given_label", "predicted_label"])
    confidence = np.load(run / "probabilities" / "consensus.npy").max(axis=1)
    given = (issues["given_label"] == issues["predicted_label"]).to_numpy()
    return given, confidence, pd.read_parquet(run / "judged.parquet")


def expected_error(predicted: np.ndarray, observed: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error over equal bins (Guo and others 2017)."""
    is_number = ~np.isnan(predicted)
    predicted, observed = predicted[is_number].astype(np.float64), observed[is_number].astype(np.float64)
    place = np.minimum((predicted * bins).astype(int), bins - 1)
    apart = np.bincount(place, weights=predicted - observed, minlength=bins)
    return float(np.abs(apart).sum() / len(predicted))


def draw_calibration(results: pd.DataFrame) -> plt.Figure:
    """Whether the consensus knows how often it agrees with the given label, and what it says of the true one."""
    sets = [name for name in SETS if name in set(results["set"])]
    figure, (given, true) = plt.subplots(1, 2, figsize=(9, 4.3), layout="constrained")
    for name, colour in zip(sets, plt.get_cmap("tab10").colors, strict=False):
        agrees, confidence, _ = _predictions(name, results.loc[results["set"] == name, "seed"].min())
        _calibrated(given, confidence, agrees, colour, name)
        rows = audited(results, name)
        _calibrated(true, rows["suspicion"].to_numpy(), rows["wrong"], colour, name)
    given.set(xlabel="probability of the likeliest label", ylabel="share of rows that are given it")
    true.set(xlabel="suspicion", ylabel="share of labels that are wrong")
    for axes in (given, true):
        axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
    figure.legend(*given.get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=4)
    return figure


def _calibrated(
    axes: plt.Axes, predicted: np.ndarray, observed: np.ndarray | pd.Series, colour: str, name: str
) -> None:
    """Plot the observed share in each tenth of the predicted probability; omit tenths of few rows."""
    is_number = ~np.isnan(predicted)
    tenths = pd.Series(np.minimum((predicted[is_number] * 10).astype(int), 9))
    table = pd.DataFrame(
        {"predicted": predicted[is_number], "observed": np.asarray(observed, float)[is_number]}
    ).groupby(tenths.to_numpy())
    means = table.mean()[table.size() >= 20]
    axes.plot(means["predicted"], means["observed"], "o-", color=colour, ms=4, lw=1.2, label=name)
