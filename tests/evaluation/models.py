"""Small trained models of each kind, and a configuration to train them with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auditor.config import AuditConfig, EncoderConfig, FinetunedConfig
from auditor.evaluation.saved.modelcard import About
from auditor.evaluation.saved.saved import save_model
from auditor.models.logistic import Logistic, features_classifier, lexical_classifier
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.encoding import encode
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import find_weights

NAMES = ("sadness", "joy", "love <3")
_MOODS = (["sad", "crying", "lonely"], ["happy", "glad", "wonderful"], ["love", "loved", "loving"])
ABOUT = About("tweets.csv", rows=60, changed=4, excluded=1)


def moody(rows: int, seed: int = 0, classes: Sequence[int] = (0, 1, 2)) -> tuple[list[str], np.ndarray]:
    """Texts of several lengths, one word of which gives the mood away, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, rows).astype(np.int32)
    texts = []
    for code in labels:
        words = rng.choice(["i", "feel", "so", "and", "today", "very"], rng.integers(2, 12)).tolist()
        words.insert(rng.integers(len(words) + 1), rng.choice(_MOODS[code]))
        texts.append(" ".join(words))
    return texts, labels


def config_for(model: Path, precision: Any = "float32") -> AuditConfig:
    """The configuration of an audit with a small model, on the CPU."""
    return AuditConfig(
        device="cpu",
        encoder=EncoderConfig(name=str(model), precision=precision),
        finetuned=FinetunedConfig(
            base_model=str(model), precision=precision, epochs=2, batch_size=8, learning_rate=1e-3
        ),
    )


def trained_finetuned(config: AuditConfig, classes: Sequence[int] = (0, 1, 2)) -> Finetuned:
    texts, labels = moody(60, classes=classes)
    return Finetuned(find_weights(config.finetuned.base_model), config.finetuned, NAMES, "cpu").fit(texts, labels, 0)


def trained_lexical(config: AuditConfig, classes: Sequence[int] = (0, 1, 2)) -> Logistic:
    return lexical_classifier(config.lexical, len(NAMES)).fit(*moody(60, classes=classes), 0)


def trained_features(config: AuditConfig, space: Path, classes: Sequence[int] = (0, 1, 2)) -> Logistic:
    texts, labels = moody(60, classes=classes)
    return features_classifier(config.features, len(NAMES)).fit(vectors_of(config, texts, space), labels, 0)


def vectors_of(config: AuditConfig, texts: Sequence[str], space: Path) -> np.ndarray:
    space.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(find_weights(config.encoder.name), config.encoder, "cpu")
    return np.load(encode(encoder, texts, space), allow_pickle=False)


def save(classifier: Finetuned | Logistic, folder: Path, name: Any, config: AuditConfig) -> Path:
    """Save a classifier; its folder."""
    encoder = find_weights(config.encoder.name) if name == "features" else None
    save_model(classifier, folder, name=name, label_names=NAMES, config=config, about=ABOUT, encoder=encoder)
    return folder
