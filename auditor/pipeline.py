"""A whole audit on one page, stage by stage.

    read → duplicates, conflicts → folds → encode → cheap models out of fold → neighbours → consensus → issues
         → states of frozen layers → other models out of fold → neighbours → consensus → issues → map → report

The ranking of the cheap models can be read and reviewed while the others are trained. Users call :func:`audit`. Each
``_Pipeline`` method below is one stage or a few that belong together; :meth:`_Pipeline.stages` lists them in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor import detection, report
from auditor.api import Audit
from auditor.arguments import checked
from auditor.arrays import Codes, FoldNumbers
from auditor.config import AuditConfig, ReadConfig, short_name
from auditor.console import Advance, Listener, Silent
from auditor.data import LabeledTexts, read
from auditor.data.conflicts import find_conflicts
from auditor.data.duplicates import Duplicates, find_duplicates
from auditor.data.naming import name_of
from auditor.environment import describe_machine, describe_versions
from auditor.errors import ConfigError, RunMismatchError
from auditor.languages import advice
from auditor.models.crossval import Candidate, Fold, out_of_fold
from auditor.models.folds import check_splits, fold_numbers, folds_by_split, judgeable, make_folds, split_stuck_groups
from auditor.models.own.given import AnyProbabilities, Given, doubts, names_of, read_given, take_given
from auditor.models.registry import candidates, check_own, settled
from auditor.models.scores import score
from auditor.models.sidebyside import cost_note, need_of, pending_folds, train_side_by_side
from auditor.models.transformer.device import pick_device
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.encoding import describe, encode
from auditor.models.transformer.frozen import STAGE as FROZEN_LAYERS
from auditor.models.transformer.frozen import LowerLayers, States, describe_states
from auditor.models.transformer.weights import Weights, find_weights
from auditor.modelspecs import MODELS, specs_of
from auditor.recognition import undertrained
from auditor.run import DEFAULT_PLACE, DatasetRecord, Reader, Run
from auditor.run.artifacts import (
    BASELINE,
    CONFLICTS,
    CONSENSUS,
    DATASET,
    DUPLICATES,
    MAP,
    REJECTED,
    SCORES,
    VECTORS,
    Array,
    Nearest,
    artifact_name,
    dynamics,
    neighbours,
    probabilities,
)
from auditor.run.artifacts import folds as folds_of
from auditor.runner import Local, Runner
from auditor.scripts import revision
from auditor.signals import own_signals
from auditor.signals.base import percent


@checked
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
    runner: Runner | None = None,
    listener: Listener | None = None,
    **options: Any,
) -> Audit:
    """Audit the labels of a text dataset.

    Parameters
    ----------
    source : str, Path, sequence of them, DataFrame, Dataset, DatasetDict or LabeledTexts
        Files, a ``save_to_disk`` folder, a Hub dataset by name, data in memory, or what :func:`auditor.read` returns.
    text, label : str, optional
        Names of the columns; guessed from the usual names by default.
    annotator : str, optional
        Name of the column of raters, where each row is one vote; the rows of a text are merged into one.
    votes : str or sequence of str, optional
        Name of the column of all votes on a text (lists, mappings rater → label, or ``joy|love|joy``), or names of
        columns with one rater's votes each. Without a label column, the given label is the majority label.
    config : AuditConfig, optional
        All other options.
    probabilities : path, sequence of paths, or mapping of str to array, frame or path; optional
        Out-of-fold probabilities by model; each adds a model. See :func:`auditor.models.own.given.read_given`.
    out : path, optional
        The run directory; ``reports/runs/<name of the source>`` by default. An interrupted audit in it continues.
    fresh : bool
        Discard an existing run and start over.
    runner : Runner, optional
        Does the long parts, with the same results: :class:`auditor.runner.Local` (the default) or ``Ray``.
    listener : Listener, optional
        Receives the progress.
    **options
        Fields of :class:`AuditConfig`, such as ``folds=10``, or of :class:`ReadConfig`, such as ``drop_invalid=True``.

    Returns
    -------
    Audit

    Raises
    ------
    AuditorError
        Any of its subclasses; each says what was found and what to do.
    """
    reading = {name: options.pop(name) for name in {*ReadConfig.model_fields} & {*options}}
    config = (config or AuditConfig()).updated(**options, probabilities=names_of(probabilities))
    check_own(config)
    own_signals(config)  # invalid signals are reported before anything is read
    columns = {"text": text, "label": label, "annotator": annotator, "votes": votes}
    named = {name: column for name, column in columns.items() if column is not None} | reading
    if named and isinstance(source, LabeledTexts):
        raise ConfigError(f"The texts have been read without {', '.join(named)}=.", "Pass it to auditor.read().")
    config, listener = config.updated(read=named), listener or Silent()
    with listener.task("Reading"):
        texts = source if isinstance(source, LabeledTexts) else read(source, config.read)
    for note in filter(None, (*texts.notes, advice(texts.texts, config))):
        listener.note(note)
    given = read_given(probabilities, texts)
    for note in (model.note for model in given if model.note):
        listener.note(note)
    run = Run(Path(out) if out else DEFAULT_PLACE / name_of(source, texts), fresh=fresh)
    pipeline = _Pipeline(run, texts, config, runner or Local(), listener)
    with run.held():
        pipeline.stages(given)
    return Audit(run)


class _Pipeline:
    """An audit in progress; holds what its stages share."""

    def __init__(self, run: Run, texts: LabeledTexts, config: AuditConfig, runner: Runner, listener: Listener) -> None:
        self.run, self.data, self.config, self.runner, self.listener = run, texts, config, runner, listener
        self.texts, self.labels, self.num_classes = texts.texts, texts.labels, texts.num_classes
        self.device = pick_device(config.device)  # wrong options are errors before `held` changes a finished run
        self.encoder, self.base = self.find_models()
        if config.train_on or config.audit:
            check_splits(texts.splits, config.train_on, config.audit)

    def stages(self, given: Sequence[Given]) -> None:
        self.dataset()
        duplicates = self.duplicates()
        folds = self.folds()
        take_given(self.run, given, judgeable(self.labels, folds[0], self.num_classes))
        self.encode(self.encoder)
        cheap = tuple(spec.name for spec in self.config.specs if spec.is_cheap)
        others = tuple(model for model in self.config.models if model not in cheap)
        self.models((BASELINE, *cheap), folds, duplicates.near, self.base)
        self.neighbours()
        self.rank_early(cheap, others, folds)
        self.states(others)
        self.models(tuple(map(short_name, others)), folds, duplicates.near, self.base)
        self.tuned_neighbours(folds[0])
        self.rank(self.config, folds)
        self.draw_map()
        self.run.record(used=sorted(self.run.visited))
        self.write_report()
        self.run.record(finished=True)

    # -- the data -----------------------------------------------------------------------------------------------

    def dataset(self) -> None:
        fingerprint = self.data.fingerprint()
        recorded = self.run.manifest.dataset
        if recorded and recorded.fingerprint != fingerprint:
            raise RunMismatchError(
                f"{self.run.directory} is a run of another dataset: {recorded.rows} rows of {recorded.source}, not "
                f"the {len(self.data)} rows of {self.data.origin.source} as they are now.",
                "Choose another directory with --out, or start over in this one with --fresh.",
            )
        self.run.record(
            finished=False,
            ranked=False,
            config=self.config.model_dump(mode="json"),
            versions=describe_versions(),
            machine=describe_machine(self.device),
            dataset=DatasetRecord(
                fingerprint=fingerprint,
                source=self.data.origin.source,
                rows=len(self.data),
                rejected=self.data.rejected.num_rows,
                label_names=self.data.label_names,
                notes=self.data.notes,
            ),
        )
        self.run.stage(
            "read",
            lambda space, read: self.data.write(space / DATASET, space / REJECTED),
            # How it was read is left out: naming a column that was guessed before must not retrain everything.
            parameters={"fingerprint": fingerprint, "contents": self.data.contents()},
        )

    def duplicates(self) -> Duplicates:
        def make(space: Path, read: Reader) -> None:
            with self.listener.task("Looking for duplicates") as progress:
                found = find_duplicates(self.texts, self.config.duplicates, progress, self.runner, space)
                found.write(space / DUPLICATES)

        parameters = {**self.config.duplicates.model_dump(mode="json"), **revision(self.texts)}
        self.run.stage("duplicates", make, inputs=[DATASET], parameters=parameters)
        duplicates = Duplicates.of(self.run)
        conflicts = find_conflicts(duplicates, self.labels, self.data.splits)
        self.run.stage(
            "conflicts", lambda space, read: conflicts.write(space / CONFLICTS, self.data), inputs=[DATASET, DUPLICATES]
        )
        if conflicts.texts:
            self.listener.note(str(conflicts))
        return duplicates

    def folds(self) -> list[FoldNumbers]:
        """Return the folds of the first training and of each repeat."""
        config, found = self.config, []
        parameters = config.model_dump(mode="json", include={"folds", "seed", "train_on", "audit"})
        for repeat in range(config.trainings):
            file, seed = folds_of(repeat), self._seed(repeat)

            def make(space: Path, read: Reader, file: Array[FoldNumbers] = file, seed: int = seed) -> None:
                duplicates = Duplicates.of(read)
                if config.audit or config.train_on:
                    folds = folds_by_split(self.data.splits, duplicates.near, config.train_on, config.audit)
                else:
                    groups = split_stuck_groups(self.labels, duplicates.exact, duplicates.near)
                    folds = make_folds(self.labels, groups, config.folds, seed)
                file.save(space, folds)

            parameters["seed"] = seed
            self.run.stage(artifact_name("folds", repeat), make, inputs=[DATASET, DUPLICATES], parameters=parameters)
            found.append(self.run.load(file))
        return found

    def _seed(self, repeat: int) -> int:
        return self.config.seed + 1_000 * repeat  # each fold adds its number

    # -- the models ---------------------------------------------------------------------------------------------

    def find_models(self) -> tuple[Weights, Weights]:
        """Find both models before any long stage; a wrong name is reported at once."""
        encoder = find_weights(self.config.encoder.name)
        base = self.config.finetuned.base_model
        needed = any(spec.has_base for spec in self.config.specs)  # without such a model, the weights need not exist
        return encoder, (find_weights(base) if needed and base != encoder.name else encoder)

    def encode(self, weights: Weights) -> None:
        config = self.config.encoder

        def make(space: Path, read: Reader) -> None:
            with self.listener.task("Encoding") as progress:
                encode(Encoder(weights, config, self.config.device), self.texts, space, progress, self.runner)

        parameters = describe(weights, config, self.config.device)
        self.run.stage("encode", make, inputs=[DATASET], parameters=parameters, resumable=True)

    def states(self, models: Sequence[str]) -> None:
        """Compute the states of the frozen layers, if one of the models is fine-tuned on them."""
        config = self.config.finetuned

        def make(space: Path, read: Reader) -> None:
            with self.listener.task("Frozen layers") as progress:
                LowerLayers(self.base, config, self.config.device).write(self.texts, space, progress)

        if config.frozen_layers and any(spec.has_base for spec in specs_of(models)):
            parameters = describe_states(self.base, config, self.config.device)
            self.run.stage(FROZEN_LAYERS, make, inputs=[DATASET], parameters=parameters)

    def models(self, names: Sequence[str], folds: Sequence[FoldNumbers], groups: Codes, base: Weights) -> None:
        for repeat in range(len(folds)):
            config = settled(self.run, self.config, folds[0]) if repeat else self.config
            states = States.of(self.run, self.texts, base, config.finetuned, config.device)
            made = candidates(config, self.data.label_names, self.texts, self.run.load(VECTORS), base, groups, states)
            for candidate in made:
                times = 1 if candidate.name == BASELINE else self.config.times(candidate.name)
                if candidate.name not in names or repeat >= times:
                    continue
                name = f"Model {candidate.name}" + (f", repeat {repeat}" if repeat else "")
                with self.listener.task(name) as progress:
                    # A cheap model's repeats depend on its first training; those of the others are known at once.
                    repeats = range(repeat, times if repeat or candidate.has_base else 1)
                    parts = [part for number in repeats for part in self._parts(candidate, folds, number)]
                    if candidate.name in MODELS:  # a classifier of the user's own is trained in this process
                        self._train_ahead(parts, config, base, progress)
                    this = replace(candidate, repeat=repeat)
                    seed = self._seed(repeat)
                    out_of_fold(self.run, this, self.labels, folds[repeat], self.num_classes, seed, progress)

    def _parts(self, candidate: Candidate, folds: Sequence[FoldNumbers], repeat: int) -> list[Fold]:
        return Fold.all_of(replace(candidate, repeat=repeat), folds[repeat], self._seed(repeat))

    def _train_ahead(self, parts: Sequence[Fold], config: AuditConfig, base: Weights, progress: Advance) -> None:
        """Train folds side by side if the runner does; first say what fine-tuning will take."""
        left = pending_folds(self.run, parts)
        if not left:
            return
        waiting = [fold for fold, _ in left]
        need = need_of(waiting, config, base)
        at_once = self.runner.at_once(len(left), need)
        if parts[0].candidate.has_base and not parts[0].candidate.repeat:
            self.listener.note(cost_note(need, waiting, len(parts), at_once, config, str(self.device)))
        if at_once:
            train_side_by_side(self.run, left, config, base, self.runner, need, progress)

    # -- detection ----------------------------------------------------------------------------------------------

    def neighbours(self) -> None:
        config, seed = self.config.detection, self.config.seed

        def find(space: Path, read: Reader) -> None:
            with self.listener.task("Nearest texts") as progress:
                k, exact_to, file = config.neighbours, config.exact_neighbours_to, read.open(VECTORS)
                found = detection.nearest_in_file(file, k, exact_to, seed, space, self.runner, progress)
            if len(self.data) > exact_to:
                share = detection.recall(read.load(VECTORS), found[0], seed)
                self.listener.note(f"The approximate search found {percent(share)} of the nearest texts, by a sample.")
            neighbours().save(space, Nearest(*found))

        self.run.stage("neighbours", find, inputs=[VECTORS], parameters=self._search)

    def tuned_neighbours(self, folds: FoldNumbers) -> None:
        config, seed, model = self.config.detection, self.config.seed, self.config.tuned
        if model is None:
            return
        files = [dynamics(model.name, "vectors", fold) for fold in fold_numbers(folds)]

        def find(space: Path, read: Reader) -> None:
            with self.listener.task(f"Nearest texts, by the {model.adjective} model") as progress:
                vectors = [read.load(file) for file in files]
                numbers: FoldNumbers = read.load(folds_of())
                found = detection.nearest_in_folds(
                    vectors, numbers, config.neighbours, config.exact_neighbours_to, seed, progress
                )
            neighbours(model.name).save(space, Nearest(*found))

        self.run.stage(f"neighbours-{model.name}", find, inputs=[folds_of(), *files], parameters=self._search)

    @property
    def _search(self) -> dict[str, Any]:
        """Parameters of both searches for nearest texts."""
        settings = self.config.detection.model_dump(include={"neighbours", "exact_neighbours_to"})
        return {**settings, "seed": self.config.seed}

    def rank_early(self, cheap: Sequence[str], others: Sequence[str], folds: Sequence[FoldNumbers]) -> None:
        """Rank the rows by the cheap models, unless the run has results of others, which its ranking may rest on."""
        if not cheap or not others or any(self.run.has(probabilities(short_name(model))) for model in others):
            return
        self.rank(self.config.updated(models=cheap, signals=()), folds)
        names, where = " and ".join(cheap), self.run.directory
        self.listener.note(f"Ranked by {names} so far. You can begin: auditor issues {where}, auditor review {where}.")

    def rank(self, config: AuditConfig, folds: Sequence[FoldNumbers]) -> None:
        """Rank the rows by the models of a configuration, and open the ranking to readers."""
        # While artifacts are replaced, nobody can open the run.
        self.run.record(ranked=False, config=config.model_dump(mode="json"))
        pooling = detection.Pooling(self.data, config, folds[: config.trainings])
        files = {name: probabilities(name) for name in (BASELINE, *config.pooled)}

        def pool(space: Path, read: Reader) -> None:
            predicted = {name: read.load(file) for name, file in files.items()}
            predicted[CONSENSUS] = pooling.write(space, read)
            scores = {name: score(p, self.labels, self.num_classes).model_dump() for name, p in predicted.items()}
            SCORES.save(space, scores)

        with self.listener.task("Ranking rows"):
            self.run.stage("consensus", pool, inputs=[*pooling.inputs, files[BASELINE]], parameters=pooling.parameters)
            notes = doubts(self.run, config.probabilities, self.data.label_names)
            for note in filter(None, (*notes, undertrained(self.run.load(SCORES), config))):
                self.listener.note(note)
            found = detection.Detection(self.run, self.data, config, folds[0])
            self.run.stage("detect", found.write, inputs=found.inputs, parameters=found.parameters)
        self.run.record(ranked=True)

    def draw_map(self) -> None:
        config, seed = self.config.detection, self.config.seed

        def draw(space: Path, read: Reader) -> None:
            with self.listener.task("Map of the vectors", detection.map_seconds(len(self.data), config)):
                MAP.save(space, detection.make_map(read.load(VECTORS), config, seed))

        layout = {**config.model_dump(include={"map_rows", "map_neighbours", "exact_neighbours_to"}), "seed": seed}
        self.run.stage("map", draw, inputs=[VECTORS], parameters=layout)

    def write_report(self) -> None:
        with self.listener.task("Report"):
            report.write_report(self.run.directory)
