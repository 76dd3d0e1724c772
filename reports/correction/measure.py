"""What correcting labels is worth where the truth is known; writes results.json and the figures.

    python reports/correction/measure.py [--data DIR] [--models features,lexical,finetuned] [--finetuned-seeds 3]

10,000 news texts with labels by students (a fifth of them wrong) and by professionals, who are taken for the truth. A
fifth of the rows is set aside for testing before anything is ranked; nobody reviews it. The others are audited, and a
reviewer judges the worst of them by the truth; so does one who errs in a tenth of the verdicts. Models are then
trained on the labels as they were, without the flagged rows, and corrected.

The audit is a run under reports/runs/, and each trained model's predictions are kept beside it, so that this script
goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console

import auditor
from auditor.commands.progress import Terminal
from auditor.config import AuditConfig, DuplicatesConfig, EncoderConfig
from auditor.correction.decide.corrections import correct, suggestions_of
from auditor.correction.decide.outcome import find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.data.duplicates import find_duplicates
from auditor.evaluation.comparison.compare import Comparison, compare
from auditor.evaluation.comparison.versions import Split, Version, predict_tests, split_rows, train_on
from auditor.models.registry import candidates
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.encoding import encode
from auditor.models.transformer.weights import find_weights
from auditor.review.log.event import Event, item_hash
from auditor.review.log.log import DecisionLog

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs"
LISTENER = Terminal(Console(stderr=True, highlight=False), verbosity=1)
BUDGETS = (500, 1_000, 2_000)
ERRING = 0.1
SEEDS = 3
SEED = 0
CONFIG = AuditConfig(
    read={"text": "text", "label": "given_label", "id": "id"}, folds=3, finetuned={"epochs": 2}, seed=SEED
)
NOTHING, DROPPED = "as they were", "flagged rows dropped"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--models", default="features,lexical,finetuned")
    parser.add_argument("--finetuned-seeds", type=int, default=1, help="each takes half an hour on two cores")
    arguments = parser.parse_args()
    frame = pd.read_parquet(arguments.data / "noisy_ag_news" / "noisy_ag_news.parquet")
    texts = auditor.read(frame, CONFIG.read)
    truth = np.array([texts.label_names.index(name) for name in frame["true_label"]], np.int32)
    duplicates = find_duplicates(texts.texts, DuplicatesConfig(), lambda done, total: None).near
    split = split_rows(texts.splits, texts.labels, duplicates, SEED)
    audit = auditor.audit(
        frame.loc[split.train, ["id", "text", "given_label"]],
        config=CONFIG,
        out=RUNS / "correction-ag-news",
        listener=LISTENER,
    )
    versions, row_counts = make_versions(audit, texts, truth, split)
    results: dict[str, Any] = {
        "rows": {"train": int(split.train.sum()), "test": int(split.test.sum())},
        "wrong": {
            "train": int((texts.labels != truth)[split.train].sum()),
            "test": int((texts.labels != truth)[split.test].sum()),
        },
        "versions": row_counts,
        "comparisons": {},
    }
    tested_on = {"given": texts.labels[split.test], "true": truth[split.test]}
    comparisons = {}
    for name in arguments.models.split(","):
        seeds = arguments.finetuned_seeds if name == "finetuned" else SEEDS
        probabilities = trained(name, versions, texts, duplicates, split, seeds, audit.directory / "trained")
        comparisons[name] = compare(probabilities, tested_on, texts.label_names)
        results["comparisons"][name] = comparisons[name].model_dump(mode="json")
        save(results)
    draw(comparisons, list(versions))


def save(results: dict[str, Any]) -> None:
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")


# -- versions of the labels -------------------------------------------------------------------------------------


def make_versions(
    audit: auditor.Audit, texts: auditor.LabeledTexts, truth: npt.NDArray[np.int32], split: Split
) -> tuple[dict[str, Version], dict[str, Any]]:
    """Every version of the training labels, and what is known of each: rows judged, errors left."""
    rows = np.flatnonzero(split.train)
    issues = audit.issues.set_index("id").loc[np.array(texts.ids)[rows]]
    flagged = np.zeros(len(texts), dtype=np.bool_)
    flagged[rows] = issues["is_issue"].to_numpy()
    versions = {
        NOTHING: Version.whole(texts.labels),
        DROPPED: Version(texts.labels, ~flagged),
    }
    judged = {NOTHING: 0, DROPPED: 0}
    for erring in (0.0, ERRING):
        for budget in BUDGETS:
            name = f"{budget:,} judged" + (f", {erring:.0%} of the verdicts wrong" if erring else "")
            versions[name] = reviewed(audit, texts, truth, rows, budget, erring)
            judged[name] = budget
    row_counts = {}
    for name, version in versions.items():
        kept = split.train & version.kept
        row_counts[name] = {
            "judged": judged[name],
            "rows": int(kept.sum()),
            "changed": int((version.labels != texts.labels)[kept].sum()),
            "errors_left": int((version.labels != truth)[kept].sum()),
        }
    return versions, row_counts


def reviewed(
    audit: auditor.Audit,
    texts: auditor.LabeledTexts,
    truth: npt.NDArray[np.int32],
    rows: npt.NDArray[np.intp],
    budget: int,
    erring: float,
) -> Version:
    """Labels after a reviewer has judged the worst rows of the audit, by way of a decision log."""
    worst = audit.issues["id"].head(budget).tolist()
    places = dict(zip(texts.ids, range(len(texts)), strict=True))
    random = np.random.default_rng(SEED)
    with TemporaryDirectory() as folder, closing(DecisionLog(Path(folder) / "decisions.db", "simulated")) as log:
        log.append(decisions(texts, truth, [places[row_id] for row_id in worst], erring, random))
        outcomes = find_outcomes(audit.texts, log.standing())
    corrections = correct(audit.texts, outcomes, Policy(), suggestions_of(audit.run, audit.texts))
    assert corrections.label_names == texts.label_names
    labels = texts.labels.copy()
    labels[rows] = corrections.label
    return Version.whole(labels)


def decisions(
    texts: auditor.LabeledTexts,
    truth: npt.NDArray[np.int32],
    places: list[int],
    erring: float,
    random: np.random.Generator,
) -> Iterator[Event]:
    """Keep where the given label is the one that the reviewer holds for true, else relabel."""
    names, labels, words = texts.label_names, texts.labels, texts.texts
    for place in places:
        held = int(truth[place])
        if random.random() < erring:
            held = (held + int(random.integers(1, len(names)))) % len(names)  # any other label
        given = names[labels[place]]
        keeps = names[held] == given
        yield Event(
            event_id=f"simulated-{place}",
            run_id="simulated",
            kind="decide",
            item_id=texts.ids[place],
            item_hash=item_hash(words[place], given),
            reviewer="simulated",
            verdict="keep" if keeps else "relabel",
            new_labels=() if keeps else (names[held],),
            at=datetime.now(UTC),
            source="queue",
        )


# -- training ---------------------------------------------------------------------------------------------------


def trained(
    name: str,
    versions: dict[str, Version],
    texts: auditor.LabeledTexts,
    duplicates: npt.NDArray[np.int32],
    split: Split,
    seeds: int,
    folder: Path,
) -> dict[str, npt.NDArray[np.float32]]:
    """(S, T, K) probabilities of the test rows for each version; one seed after the other, over all versions."""
    folder.mkdir(exist_ok=True)
    weights = find_weights(CONFIG.encoder.name)
    options = candidates(CONFIG, texts.label_names, texts.texts, vectors(texts, folder), weights, duplicates)
    candidate = next(option for option in options if option.name == name)
    found: dict[str, list[npt.NDArray[np.float32]]] = {version: [] for version in versions}
    for seed in range(seeds):
        for number, (version, labels) in enumerate(versions.items()):
            path = folder / f"{name}-{number}-{seed}.npy"
            if not path.exists():
                start = time.perf_counter()
                model = train_on(candidate, labels, split, seed, lambda done, total: None)
                np.save(path, predict_tests(model, candidate, split), allow_pickle=False)
                print(f"{name}, {version}, seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)
            found[version].append(np.load(path, allow_pickle=False))
    return {version: np.stack(by_seed) for version, by_seed in found.items()}


def vectors(texts: auditor.LabeledTexts, folder: Path) -> npt.NDArray[np.float32]:
    """(N, D) of the frozen encoder."""
    path = folder / "vectors.npy"
    if not path.exists():
        encode(Encoder(find_weights(CONFIG.encoder.name), EncoderConfig()), texts.texts, folder)
    return np.load(path, allow_pickle=False)


# -- figures ----------------------------------------------------------------------------------------------------


def draw(compared: dict[str, Comparison], versions: list[str]) -> None:
    """Accuracy on given and on true labels by version, with intervals; a panel a model."""
    figure, panels = plt.subplots(
        1, len(compared), figsize=(3 + 3.2 * len(compared), 4.2), layout="constrained", sharey=True, squeeze=False
    )
    places = np.arange(len(versions))[::-1]
    for axes, (name, comparison) in zip(panels[0], compared.items(), strict=True):
        for tested, colour, shift in (("given", "#8a8f98", 0.15), ("true", "#1f6feb", -0.15)):
            cells = [comparison.cell(version, tested).accuracy for version in versions]
            values = np.array([cell.value for cell in cells])
            ends = np.abs([[cell.low, cell.high] - values[i] for i, cell in enumerate(cells)]).T
            axes.errorbar(
                values, places + shift, xerr=ends, fmt="o", color=colour, capsize=3, label=f"tested on {tested} labels"
            )
        axes.set_title(name)
        axes.grid(axis="x", alpha=0.3)
    panels[0, 0].set_yticks(places, [f"labels {versions[0]}", *versions[1:]])
    figure.supxlabel(f"accuracy on {comparison.rows:,} test rows that nobody reviewed, 95 % intervals", fontsize=10)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    (HERE / "figures").mkdir(exist_ok=True)
    figure.savefig(HERE / "figures" / "accuracy.png", dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
