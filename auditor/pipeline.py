"""The whole way of an audit, stage by stage, on one page.

    read → duplicates, conflicts → folds → encode → models out of fold → neighbours, map → consensus → issues → report

:func:`audit` is what a user calls; each ``_Pipeline`` method below is one stage or a few that belong together, and
:meth:`_Pipeline.stages` lists them in order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor import detection, report
from auditor.config import AuditConfig
from auditor.console import Listener, Silent
from auditor.data import LabeledTexts, read
from auditor.data.conflicts import find_conflicts
from auditor.data.duplicates import Duplicates, find_duplicates
from auditor.environment import describe_machine, describe_versions
from auditor.errors import RunMismatchError
from auditor.models.crossval import again, out_of_fold
from auditor.models.folds import Folds as FoldNumbers
from auditor.models.folds import (
    check_splits,
    fold_numbers,
    folds_by_split,
    judgeable,
    make_folds,
    split_stuck_groups,
    trained_on,
)
from auditor.models.own.given import AnyProbabilities, Given, doubts, names_of, read_given, take_given
from auditor.models.registry import BASELINE, arithmetic, candidates, check_own
from auditor.models.scores import score
from auditor.models.transformer.device import pick_device
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import Weights, find_weights
from auditor.report.display import duration
from auditor.result import Audit
from auditor.run import DEFAULT_PLACE, Run
from auditor.signals import own_signals


def audit(
    source: Any,
    text: str | None = None,
    label: str | None = None,
    *,
    annotator: str | None = None,
    votes: str | Sequence[str] | None = None,
    config: AuditConfig | None = None,
    probabilities: AnyProbabilities | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    listener: Listener | None = None,
    **options: Any,
) -> Audit:
    """Audit the labels of a text dataset.

    Parameters
    ----------
    source : str, Path, sequence of them, DataFrame, Dataset or DatasetDict
        A file, several files, a ``save_to_disk`` folder, the name of a Hub dataset, or data in memory.
    text, label : str, optional
        Columns; guessed from the usual names when not given.
    annotator : str, optional
        Column of the raters, where each row is one vote: the rows of a text become one.
    votes : str or sequence of str, optional
        Column of all votes on a text: lists, mappings rater → label, or ``joy|love|joy``; or columns of one rater each.
        If there is no column of labels, given is the one that most raters chose.
    config : AuditConfig, optional
        Every other choice.
    probabilities : path, sequence of paths, or mapping of str to array, frame or path; optional
        Out-of-fold probabilities of models of your own, by name; :func:`auditor.models.own.given.read_given` says how
        they must be. Each is one more model.
    out : path, optional
        The run directory; ``reports/runs/<name of the source>`` when not given. An audit that was interrupted there
        goes on where it was.
    fresh : bool
        Forget what is there and start over.
    listener : Listener, optional
        Hears of the progress.
    **options
        Fields of :class:`AuditConfig`, such as ``models=("features", MyClassifier)``, ``folds=10``.

    Returns
    -------
    Audit

    Raises
    ------
    AuditorError
        Any of its children; each says what was found and what to do.
    """
    config = (config or AuditConfig()).updated(**options, probabilities=names_of(probabilities))
    check_own(config)
    own_signals(config)  # those that are none are told before anything is read
    columns = {"text": text, "label": label, "annotator": annotator, "votes": votes}
    config = config.updated(read={name: column for name, column in columns.items() if column is not None})
    listener = listener or Silent()
    with listener.task("Reading"):
        texts = read(source, config.read)
    for note in texts.notes:
        listener.note(note)
    given = read_given(probabilities, texts)
    for note in (each.note for each in given if each.note):
        listener.note(note)
    run = Run(Path(out) if out else DEFAULT_PLACE / _run_name(source, texts), fresh=fresh)
    with run.held():
        _Pipeline(run, texts, config, listener).stages(given)
    return Audit(run)


class _Pipeline:
    """One audit under way: what the stages share."""

    def __init__(self, run: Run, texts: LabeledTexts, config: AuditConfig, listener: Listener) -> None:
        self.run, self.data, self.config, self.listener = run, texts, config, listener
        self.texts, self.labels, self.num_classes = texts.texts, texts.labels, texts.num_classes
        self.device = pick_device(config.device)

    def stages(self, given: Sequence[Given]) -> None:
        # What can be wrong is looked at before the run is touched: a finished one stays finished.
        encoder, base = self.find_models()
        if self.config.train_on or self.config.audit:
            check_splits(self.data.splits, self.config.train_on, self.config.audit)
        self.dataset()
        duplicates = self.duplicates()
        folds = self.folds(duplicates)
        take_given(self.run, given, judgeable(self.labels, folds[0], self.num_classes))
        self.encode(encoder)
        self.models(folds, duplicates.near, base)
        self.neighbours_and_map(folds[0])
        self.detect(duplicates, folds)
        self.run.record(used=sorted(self.run.visited))
        self.write_report()
        self.run.record(finished=True)

    # -- the data -----------------------------------------------------------------------------------------------

    def dataset(self) -> None:
        fingerprint = self.data.fingerprint()
        known = self.run.manifest.get("dataset", {})
        if known and known["fingerprint"] != fingerprint:
            raise RunMismatchError(
                f"{self.run.directory} is a run of another dataset: {known['rows']} rows of {known['source']}, not "
                f"these {len(self.data)} rows of {self.data.origin.source} as they are now.",
                "Audit into another directory with --out, or start over there with --fresh.",
            )
        self.run.record(
            finished=False,
            config=self.config.model_dump(mode="json"),
            versions=describe_versions(),
            machine=describe_machine(self.device),
            dataset={
                "fingerprint": fingerprint,
                "source": self.data.origin.source,
                "rows": len(self.data),
                "rejected": self.data.rejected.num_rows,
                "label_names": list(self.data.label_names),
                "notes": list(self.data.notes),
            },
        )
        self.run.stage(
            "read",
            lambda space: self.data.write(space / "dataset.parquet", space / "rejected.parquet"),
            # Not how it was read: naming a column that was guessed before must not train everything again.
            parameters={"fingerprint": fingerprint, "contents": self.data.contents()},
        )

    def duplicates(self) -> Duplicates:
        def make(space: Path) -> None:
            with self.listener.task("Looking for duplicates") as progress:
                find_duplicates(self.texts, self.config.duplicates, progress).write(space / "duplicates.parquet")

        self.run.stage(
            "duplicates", make, inputs=["dataset.parquet"], parameters=self.config.duplicates.model_dump(mode="json")
        )
        duplicates = Duplicates.load(self.run.open("duplicates.parquet"))
        conflicts = find_conflicts(duplicates, self.labels, self.data.splits)
        self.run.stage(
            "conflicts",
            lambda space: conflicts.write(space / "conflicts.parquet", self.data),
            inputs=["dataset.parquet", "duplicates.parquet"],
        )
        if conflicts.texts:
            self.listener.note(str(conflicts))
        return duplicates

    def folds(self, duplicates: Duplicates) -> list[FoldNumbers]:
        """Of the first training, and of each repeat."""
        config, found = self.config, []
        parameters = config.model_dump(mode="json", include={"folds", "seed", "train_on", "audit"})
        for repeat in range(config.trainings):
            file, seed = again(repeat, "folds.npy"), self._seed(repeat)

            def make(space: Path, file: str = file, seed: int = seed) -> None:
                if config.audit or config.train_on:
                    folds = folds_by_split(self.data.splits, duplicates.near, config.train_on, config.audit)
                else:
                    groups = split_stuck_groups(self.labels, duplicates.exact, duplicates.near)
                    folds = make_folds(self.labels, groups, config.folds, seed)
                (space / file).parent.mkdir(exist_ok=True)
                np.save(space / file, folds, allow_pickle=False)

            inputs = ["dataset.parquet", "duplicates.parquet"]
            self.run.stage(again(repeat, "folds"), make, inputs=inputs, parameters={**parameters, "seed": seed})
            found.append(np.asarray(np.load(self.run.open(file), allow_pickle=False)))
        return found

    def _seed(self, repeat: int) -> int:
        return self.config.seed + 1_000 * repeat  # each fold adds its number

    # -- the models ---------------------------------------------------------------------------------------------

    def find_models(self) -> tuple[Weights, Weights]:
        """Both are found before anything long begins, so that a wrong name is said at once."""
        encoder = find_weights(self.config.encoder.name)
        base = self.config.finetuned.base_model
        needed = "finetuned" in self.config.models  # else no machine need have it
        return encoder, (find_weights(base) if needed and base != encoder.name else encoder)

    def encode(self, weights: Weights) -> None:
        config = self.config.encoder

        def make(space: Path) -> None:
            with self.listener.task("Encoding") as progress:
                Encoder(weights, config, self.config.device).encode(self.texts, space, progress)

        parameters = {
            **config.model_dump(mode="json"),
            "weights": weights.fingerprint,
            **arithmetic(config.precision, self.config.device),
        }
        self.run.stage("encode", make, inputs=["dataset.parquet"], parameters=parameters, resumable=True)

    def models(self, folds: Sequence[FoldNumbers], groups: npt.NDArray[np.int32], base: Weights) -> None:
        known = candidates(self.config, self.data.label_names, self.texts, self._vectors(), base, groups)
        tell_cost = cache(lambda: self._tell_cost(folds, base))  # once
        for repeat in range(len(folds)):
            for candidate in known:
                if repeat >= (1 if candidate.name == BASELINE else self.config.times(candidate.name)):
                    continue
                this = replace(candidate, repeat=repeat)
                this = this.telling(tell_cost) if candidate.name == "finetuned" else this
                name = f"Model {candidate.name}" + (f", repeat {repeat}" if repeat else "")
                with self.listener.task(name) as progress:
                    seed = self._seed(repeat)
                    out_of_fold(self.run, this, self.labels, folds[repeat], self.num_classes, seed, progress)

    def _tell_cost(self, folds: Sequence[FoldNumbers], base: Weights) -> None:
        """Say what fine-tuning will cost, measured on a few batches."""
        config = self.config.finetuned
        each = Finetuned(base, config, self.data.label_names, self.config.device).seconds_a_text(self.texts)
        parts = [(repeat, k) for repeat in range(self.config.repeats) for k in fold_numbers(folds[repeat])]
        left = [part for part in parts if again(part[0], f"finetuned/fold-{part[1]}") not in self.run.visited]
        texts = config.epochs * sum(int(trained_on(folds[repeat], k).sum()) for repeat, k in left)
        self.listener.note(
            f"Fine-tuning: {len(left)} of {len(parts)} folds × {config.epochs} epochs, {texts:,} texts "
            f"at {1 / each:,.0f} a second: about {duration(texts * each)} on {self.device}. "
            "Without: --models features,lexical."
        )

    # -- detection ----------------------------------------------------------------------------------------------

    def neighbours_and_map(self, folds: FoldNumbers) -> None:
        config, seed = self.config.detection, self.config.seed

        def find(space: Path) -> None:
            with self.listener.task("Nearest texts") as progress:
                index, similarity = detection.nearest(
                    self._vectors(), config.neighbours, config.exact_neighbours_to, seed, progress
                )
            np.savez(space / detection.FROZEN, index=index, similarity=similarity)

        def find_tuned(space: Path) -> None:
            with self.listener.task("Nearest texts, by the fine-tuned model") as progress:
                vectors = [np.load(self.run.open(file), mmap_mode="r", allow_pickle=False) for file in tuned]
                index, similarity = detection.nearest_in_folds(
                    vectors, folds, config.neighbours, config.exact_neighbours_to, seed, progress
                )
            np.savez(space / detection.TUNED, index=index, similarity=similarity)

        def draw(space: Path) -> None:
            with self.listener.task("Map of the vectors", detection.map_seconds(len(self.data), config)):
                np.save(space / "map.npy", detection.make_map(self._vectors(), config, seed), allow_pickle=False)

        search = {**config.model_dump(include={"neighbours", "exact_neighbours_to"}), "seed": seed}
        layout = {**config.model_dump(include={"map_rows", "map_neighbours"}), "seed": seed}
        self.run.stage("neighbours", find, inputs=["vectors.npy"], parameters=search)
        if "finetuned" in self.config.models:
            tuned = [f"dynamics/finetuned/fold-{fold}.vectors.npy" for fold in fold_numbers(folds)]
            self.run.stage("neighbours-finetuned", find_tuned, inputs=["folds.npy", *tuned], parameters=search)
        self.run.stage("map", draw, inputs=["vectors.npy"], parameters=layout)

    def _vectors(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.asarray(np.load(self.run.open("vectors.npy"), mmap_mode="r", allow_pickle=False))

    def detect(self, duplicates: Duplicates, folds: Sequence[FoldNumbers]) -> None:
        config = self.config
        pooling = detection.Pooling(self.run, self.data, config, folds, duplicates.near)
        files = {name: f"probabilities/{name}.npy" for name in (BASELINE, *config.pooled)}

        def pool(space: Path) -> None:
            said = {name: np.load(self.run.open(file), allow_pickle=False) for name, file in files.items()}
            said[detection.CONSENSUS] = pooling.write(space)
            scores = {name: score(p, self.labels, self.num_classes).model_dump() for name, p in said.items()}
            _write_json(space / "scores.json", scores)

        with self.listener.task("Ranking rows"):
            self.run.stage("consensus", pool, inputs=[*pooling.inputs, files[BASELINE]], parameters=pooling.parameters)
            for note in doubts(self.run, config.probabilities, self.data.label_names):
                self.listener.note(note)
            found = detection.Detection(self.run, self.data, config, duplicates, folds[0])
            self.run.stage("detect", found.write, inputs=found.inputs, parameters=found.parameters)

    def write_report(self) -> None:
        with self.listener.task("Report"):
            report.write_report(self.run.directory)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")


def _run_name(source: Any, texts: LabeledTexts) -> str:
    """Name the run after the file, the folder of several files, or the Hub's name without its owner."""
    if isinstance(source, str | Path):
        name = Path(source).name.strip(".") or Path(source).resolve().name  # of `.` and `..`, what they stand for
        return name.split(".")[0]
    if isinstance(source, Sequence):
        folders = {Path(path).resolve().parent.name for path in source}
        return "+".join(sorted(folder for folder in folders if folder)) or "files"
    return f"{texts.origin.format}-{texts.fingerprint()[:8]}"
