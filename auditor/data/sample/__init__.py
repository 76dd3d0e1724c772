"""The bundled sample: short messages written for this project, with wrong labels planted by seed.

``written.csv`` contains the messages with their writer's labels; ``planted.csv`` lists the planted errors.
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
"""Labels that people confuse; four planted errors in five are drawn from these, the others from all labels."""


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sample as it is audited, and the planted errors.

    Returns
    -------
    (DataFrame, DataFrame)
        Columns ``id, text, label``, with the wrong labels; and ``id, written, planted``.
    """
    messages, planted = written(), _read("planted.csv")
    labels = messages["id"].map(planted.set_index("id")["planted"]).fillna(messages["label"])
    return messages.assign(label=labels), planted


def written() -> pd.DataFrame:
    """Return the messages with their writer's labels: columns ``id, text, label``."""
    return _read("written.csv")


def plant(messages: pd.DataFrame, seed: int = SEED) -> pd.DataFrame:
    """Draw the messages that get a wrong label, and the label: columns ``id, written, planted``.

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
