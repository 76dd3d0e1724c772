"""The bundled sample: real messages, unequal emotions, planted errors that are known."""

import re
from collections import Counter

import pandas as pd

from auditor.data import sample


def test_at_least_1200_messages_of_six_emotions_in_unequal_numbers() -> None:
    counts = sample.written()["label"].value_counts()
    assert counts.sum() >= 1200
    assert counts.min() >= 120, "enough of each for the models to learn it"
    assert list(counts.index) == ["joy", "sadness", "anger", "fear", "love", "surprise"]
    assert counts.is_monotonic_decreasing
    assert counts.nunique() == 6


def test_no_two_messages_share_a_run_of_five_words() -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for text in sample.written()["text"]:
        words = re.findall(r"[\w']+", text.lower())
        seen.update({tuple(words[start : start + 5]) for start in range(len(words) - 4)})
    assert [run for run, times in seen.items() if times > 1] == []


def test_eight_per_cent_are_planted_most_of_them_as_people_confuse_them() -> None:
    messages, planted = sample.load()
    assert len(planted) == round(0.08 * len(messages))
    assert (planted["written"] != planted["planted"]).all()
    pairs = [{"love", "joy"}, {"surprise", "joy"}, {"fear", "surprise"}, {"anger", "sadness"}]
    usual = sum({row.written, row.planted} in pairs for row in planted.itertuples())
    assert usual / len(planted) > 0.6


def test_the_list_of_planted_errors_is_what_the_seed_draws() -> None:
    _, planted = sample.load()
    pd.testing.assert_frame_equal(sample.plant(sample.written()), planted, check_dtype=False)
    assert not sample.plant(sample.written(), seed=1)["id"].equals(planted["id"])


def test_only_planted_messages_differ_from_what_was_written() -> None:
    messages, planted = sample.load()
    written = sample.written()
    changed = messages[messages["label"] != written["label"]]
    assert changed["id"].tolist() == planted["id"].tolist()
    assert changed["label"].tolist() == planted["planted"].tolist()
    assert messages["id"].is_unique
    assert messages["text"].equals(written["text"])
