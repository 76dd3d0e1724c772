"""A run that is ready for the training of its models, without an audit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from auditor.config import AuditConfig, FinetunedConfig, LexicalConfig
from auditor.data import read
from auditor.data.duplicates import Duplicates, find_duplicates
from auditor.models.crossval import Candidate, Fold, out_of_fold
from auditor.models.folds import make_folds
from auditor.models.registry import candidates
from auditor.models.transformer.frozen import STAGE, LowerLayers, States, describe_states
from auditor.models.transformer.weights import Weights
from auditor.run import Run
from auditor.run.artifacts import DATASET, DUPLICATES, REJECTED, VECTORS
from auditor.run.artifacts import folds as folds_of

WORDS = {"joy": "glad", "sadness": "sad"}
FRAME = pd.DataFrame(
    [{"text": f"so {WORDS[label]} about the thing {row} today", "label": label} for row in range(12) for label in WORDS]
)
CONFIG = AuditConfig(
    device="cpu",
    lexical=LexicalConfig(strengths=(1.0, 10.0)),
    finetuned=FinetunedConfig(epochs=1, batch_size=8, precision="float32"),
)


class Prepared:
    """A run with texts, duplicates, vectors and folds."""

    def __init__(self, directory: Path, weights: Weights, config: AuditConfig = CONFIG) -> None:
        self.run, self.weights, self.config = Run(directory), weights, config
        self.data = read(FRAME)
        self.folds = make_folds(self.data.labels, np.arange(len(FRAME), dtype=np.int32), 2, 0)
        vectors = np.random.default_rng(0).normal(size=(len(FRAME), 4)).astype(np.float32)
        with self.run.held():
            self.run.stage("read", lambda space, reader: self.data.write(space / DATASET, space / REJECTED))
            found = find_duplicates(self.data.texts, config.duplicates)
            self.run.stage("duplicates", lambda space, reader: found.write(space / DUPLICATES))
            self.run.stage("encode", lambda space, reader: VECTORS.save(space, vectors))
            if config.finetuned.frozen_layers:
                layers, about = LowerLayers(weights, config.finetuned, "cpu"), (weights, config.finetuned, "cpu")
                self.run.stage(
                    STAGE,
                    lambda space, reader: layers.write(self.data.texts, space, lambda done, total: None),
                    parameters=describe_states(*about),
                )
            for repeat in range(2):
                self.run.stage(
                    f"folds-{repeat}", lambda space, reader, repeat=repeat: folds_of(repeat).save(space, self.folds)
                )

    @property
    def candidates(self) -> dict[str, Candidate]:
        """The classifiers by name."""
        groups = Duplicates.of(self.run).near
        vectors = self.run.load(VECTORS)
        states = States.of(self.run, self.data.texts, self.weights, self.config.finetuned, "cpu")
        made = candidates(self.config, self.data.label_names, self.data.texts, vectors, self.weights, groups, states)
        return {candidate.name: candidate for candidate in made}

    def parts(self, *models: str) -> list[Fold]:
        """Folds of some models."""
        return [fold for model in models for fold in Fold.all_of(self.candidates[model], self.folds, 0)]

    def finish(self, *models: str) -> dict[str, str]:
        """Train in this process what is not trained; hashes of all that the models have written."""
        for model in models:
            out_of_fold(self.run, self.candidates[model], self.data.labels, self.folds, 2, 0, lambda done, total: None)
        stages = self.run.manifest.stages
        return {name: hash for stage in stages if "fold-" in stage for name, hash in stages[stage].outputs.items()}
