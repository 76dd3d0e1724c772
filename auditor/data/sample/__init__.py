"""The bundled sample: short messages written for this project, and wrong labels planted into them by seed.

``written.csv`` holds the messages with the label that their writer gave; ``planted.csv`` lists the planted errors.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd

SEED = 8
SHARE = 0.08
CONFUSIONS = {
    "joy": ("love", "surprise"),
    "love": ("joy",),
    "surprise": ("joy", "fear"),
    "fear": ("surprise",),
    "anger": ("sadness",),
    "sadness": ("anger",),
}
"""What people take for what; four planted errors in five are of these, the others any label."""


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sample as it is audited, and what was planted.

    Returns
    -------
    (DataFrame, DataFrame)
        Columns ``id, text, label``, wrong labels included; and ``id, written, planted``.
    """
    messages, planted = written(), _read("planted.csv")
    labels = messages["id"].map(planted.set_index("id")["planted"]).fillna(messages["label"])
    return messages.assign(label=labels), planted


def written() -> pd.DataFrame:
    """The messages with the labels that their writer gave: columns ``id, text, label``."""
    return _read("written.csv")


def plant(messages: pd.DataFrame, seed: int = SEED) -> pd.DataFrame:
    """Draw which messages get a wrong label, and which one: columns ``id, written, planted``.

    ``planted.csv`` is ``plant(written())``.
    """
    rng = np.random.default_rng(seed)
    names = sorted(messages["label"].unique())
    rows = np.sort(rng.choice(len(messages), round(SHARE * len(messages)), replace=False))
    chosen = messages.iloc[rows]

    def wrong(label: str) -> str:
        usual = CONFUSIONS[label] if rng.random() < 0.8 else [name for name in names if name != label]
        return str(rng.choice(list(usual)))

    planted = [wrong(label) for label in chosen["label"]]
    return pd.DataFrame({"id": chosen["id"].tolist(), "written": chosen["label"].tolist(), "planted": planted})


def _read(name: str) -> pd.DataFrame:
    with (files(__package__) / name).open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)
