from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from auditor.config import FeaturesConfig, LexicalConfig, LogisticConfig
from auditor.models.classifier import Watched
from auditor.models.logistic import TOKEN, Baseline, Logistic, features_classifier, lexical_classifier
from auditor.models.scores import losses

LEXICAL = LexicalConfig(strengths=(1.0, 10.0), ngrams=2)
MOODS = {
    "joy": "happy glad delighted cheerful wonderful".split(),
    "sadness": "sad lonely crying lost hopeless".split(),
    "anger": "angry furious mad hate annoyed".split(),
}


def codes(values: object) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def moody(rows: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts with a word or two that give their mood away."""
    rng = np.random.default_rng(seed)
    labels = codes(rng.integers(0, len(MOODS), rows))
    words = list(MOODS.values())
    texts = [" ".join(["i", "feel", *rng.choice(words[code], 2), f"x{rng.integers(9)}"]) for code in labels]
    return texts, labels


def cloud(rows: int, seed: int = 0, classes: int = 3, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors about one centre a class."""
    rng = np.random.default_rng(seed)
    labels = codes(rng.permutation(np.arange(rows) % classes))
    vectors = np.eye(classes, 8)[labels] * 3 + rng.normal(size=(rows, 8)) * spread
    return vectors.astype(np.float32), labels


def is_distribution(probabilities: np.ndarray, rows: int, classes: int) -> bool:
    return (
        probabilities.dtype == np.float32
        and probabilities.shape == (rows, classes)
        and bool((probabilities >= 0).all())
        and bool(np.allclose(probabilities.sum(1), 1, atol=1e-5))
    )


def test_lexical_learns_words():
    texts, labels = moody(200)
    unseen, truth = moody(100, seed=1)
    probabilities = lexical_classifier(LEXICAL, 3).fit(texts, labels, 0).predict_proba(unseen)
    assert is_distribution(probabilities, 100, 3)
    assert (probabilities.argmax(1) == truth).all()


@pytest.mark.parametrize("text", ["I'm so_so, 3 times!", "Ça va? ёлка 😂", "영화가 3개", "हिन्दी में", "كتاب جيد", ""])
def test_lexical_words_of_texts_with_spaces_are_words_alone(text: str) -> None:
    words = TfidfVectorizer(token_pattern=TOKEN, ngram_range=(1, 2)).build_analyzer()
    assert lexical_classifier(LEXICAL, 2).features.build_analyzer()(text) == words(text)


@pytest.mark.parametrize(
    ("moods", "fillers"),
    [
        (("高兴", "兴高"), "我们今天在那里看了一部电影"),
        (("ไม่ดี", "ดีมาก"), "วันนี้เราไปดูหนังที่นั่น"),
        (("たのしい", "しいたの"), "きょうはえいがをみました"),
    ],
    ids=["chinese", "thai", "japanese"],
)
def test_lexical_learns_words_where_no_spaces_are(moods: tuple[str, str], fillers: str) -> None:
    """The words of both moods have the same characters in Chinese and Japanese, and stand within long runs."""
    rng = np.random.default_rng(0)
    labels = codes(np.arange(200) % 2)
    cuts = rng.integers(1, len(fillers), (200, 3))
    texts = [
        fillers[a:] + fillers[:c] + moods[label] + fillers[b:] for (a, b, c), label in zip(cuts, labels, strict=True)
    ]
    model = lexical_classifier(LEXICAL, 2).fit(texts[:100], labels[:100], 0)
    assert (model.predict_proba(texts[100:]).argmax(1) == labels[100:]).mean() > 0.95


def test_features_learn_vectors():
    vectors, labels = cloud(200)
    unseen, truth = cloud(100, seed=1)
    probabilities = features_classifier(FeaturesConfig(), 3).fit(vectors, labels, 0).predict_proba(unseen)
    assert is_distribution(probabilities, 100, 3)
    assert (probabilities.argmax(1) == truth).mean() > 0.9


def test_columns_are_in_the_order_of_the_labels_when_classes_are_absent():
    texts, labels = moody(100)
    moved = codes([1, 4, 6])[labels]  # of seven classes, four are absent
    probabilities = lexical_classifier(LEXICAL, 7).fit(texts, moved, 0).predict_proba(texts)
    assert is_distribution(probabilities, 100, 7)
    assert (probabilities.argmax(1) == moved).all()
    assert (probabilities[:, [0, 2, 3, 5]] == 0).all()


@pytest.mark.parametrize("make", [lambda: Baseline(3), lambda: lexical_classifier(LEXICAL, 3)])
def test_single_class_is_certain(make):
    probabilities = make().fit(["so glad", "so sad"], codes([1, 1]), 0).predict_proba(["so glad", "new"])
    assert probabilities.tolist() == [[0, 1, 0]] * 2


def test_baseline_is_how_often_each_class_occurs():
    probabilities = Baseline(4).fit(["a", "b", "c", "d"], codes([2, 0, 2, 2]), 0).predict_proba(["x"] * 3)
    assert is_distribution(probabilities, 3, 4)
    assert probabilities[0] == pytest.approx([0.25, 0, 0.75, 0])


def test_no_epochs_no_dynamics_but_the_strength_that_was_chosen():
    texts, labels = moody(30)
    assert Baseline(3).fit(texts, labels, 0).dynamics() == {}
    model = lexical_classifier(LEXICAL, 3).fit(texts, labels, 0)
    assert {name: found.tolist() for name, found in model.dynamics().items()} == {"strength": [model.strength]}


def test_one_strength_leaves_no_choice(monkeypatch: pytest.MonkeyPatch):
    texts, labels = moody(30)
    monkeypatch.setattr(Logistic, "_choose", lambda *_: pytest.fail("chose"))
    assert lexical_classifier(LexicalConfig(strengths=(7.0,)), 3).fit(texts, labels, 0).strength == 7.0


# -- the strength ---------------------------------------------------------------------------------------------------


class Spy(StandardScaler):
    """Keeps what it was fitted on."""

    fitted_on: list[np.ndarray] = []  # noqa: RUF012  # shared on purpose: scikit-learn clones

    def fit_transform(self, x, y=None):
        self.fitted_on.append(x)
        return super().fit_transform(x)


@pytest.mark.parametrize("spread", [0.3, 4.0])
def test_strength_has_the_lowest_log_loss_on_rows_set_aside_of_the_training_rows(spread: float):
    vectors, labels = cloud(120, spread=spread)
    config = LogisticConfig(strengths=(1e-4, 1e-2, 1.0, 100.0))
    Spy.fitted_on = []
    model = Logistic(Spy(), config, 3).fit(vectors, labels, 5)
    learned, whole = Spy.fitted_on
    assert (whole == vectors).all()
    learn = np.flatnonzero((vectors[:, None] == learned).all(2).any(1))
    judge = np.setdiff1d(np.arange(120), learn)
    assert np.bincount(labels[judge]).tolist() == [8, 8, 8]  # a fifth of each class
    found = []
    for strength in config.strengths:
        scaler = StandardScaler().fit(vectors[learn])
        regression = LogisticRegression(C=strength, max_iter=300).fit(scaler.transform(vectors[learn]), labels[learn])
        found.append(losses(regression.predict_proba(scaler.transform(vectors[judge])), labels[judge]).mean())
    assert model.strength == config.strengths[np.argmin(found)]


def test_clear_classes_want_another_strength_than_noise():
    clear, noise = (
        Logistic(StandardScaler(), LogisticConfig(strengths=(1e-4, 100.0)), 3).fit(*cloud(150, spread=spread), 0)
        for spread in (0.3, 30.0)
    )
    assert (clear.strength, noise.strength) == (100.0, 1e-4)


def test_all_training_rows_are_learned_from_with_the_chosen_strength():
    texts, labels = moody(80)
    model = lexical_classifier(LEXICAL, 3).fit(texts, labels, 0)
    words = TfidfVectorizer(token_pattern=TOKEN, ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    regression = LogisticRegression(C=model.strength, max_iter=300).fit(words.fit_transform(texts), labels)
    expected = regression.predict_proba(words.transform(texts))
    np.testing.assert_allclose(model.predict_proba(texts), expected, atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 60])
def test_many_rows_are_predicted_part_by_part(rows: int, monkeypatch: pytest.MonkeyPatch):
    texts, labels = moody(60)
    vectors, classes = cloud(60)
    for model, inputs in (
        (lexical_classifier(LEXICAL, 3).fit(texts, labels, 0), texts[:rows]),
        (features_classifier(FeaturesConfig(), 3).fit(vectors, classes, 0), vectors[:rows]),
    ):
        whole = model.predict_proba(inputs)
        assert whole.shape == (rows, 3)
        monkeypatch.setattr("auditor.models.logistic._ROWS", 7)
        np.testing.assert_allclose(model.predict_proba(inputs), whole, atol=1e-6)
        monkeypatch.undo()


def test_what_is_watched_has_no_effect():
    texts, labels = moody(60)
    unseen, truth = moody(40, seed=1)
    plain = lexical_classifier(LEXICAL, 3).fit(texts, labels, 0).predict_proba(unseen)
    for watched in (Watched(unseen, truth), Watched(unseen, codes((truth + 1) % 3)), Watched(texts, labels)):
        model = lexical_classifier(LEXICAL, 3).fit(texts, labels, 0, watched)
        assert (model.predict_proba(unseen) == plain).all()


def test_the_seed_draws_the_rows_set_aside_and_decides_all():
    vectors, labels = cloud(100, spread=2.0)
    kept = []
    for seed in (0, 0, 1):
        Spy.fitted_on = []
        probabilities = Logistic(Spy(), FeaturesConfig(), 3).fit(vectors, labels, seed).predict_proba(vectors)
        kept.append((Spy.fitted_on[0], probabilities))
    assert (kept[0][0] == kept[1][0]).all()
    assert (kept[0][1] == kept[1][1]).all()
    assert not np.array_equal(kept[0][0], kept[2][0])


def test_strength_is_chosen_on_some_rows_of_many():
    vectors, labels = cloud(300)
    Spy.fitted_on = []
    Logistic(Spy(), LogisticConfig(choose_rows=50), 3).fit(vectors, labels, 0)
    chosen, whole = Spy.fitted_on
    assert 40 <= len(chosen) <= 45  # four fifths, and what a fifth of each class rounds down
    assert len(whole) == 300


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 1, 1], [0] * 4 + [1] * 4, [0] * 9 + [1]])
def test_rare_classes_are_learned_from(labels: list[int]):
    vectors = (np.array(labels)[:, None] + np.arange(len(labels))[:, None] / 100).astype(np.float32)
    model = features_classifier(FeaturesConfig(), 2).fit(vectors, codes(labels), 0)
    assert is_distribution(model.predict_proba(vectors), len(labels), 2)
    assert model.strength in FeaturesConfig().strengths
    certain = model.predict_proba(np.array([[-5], [5]], dtype=np.float32))
    assert certain[0, 0] > certain[1, 0]  # what was learned is which side is which


def test_without_rows_to_choose_by_the_regularisation_is_the_strongest():
    vectors = np.eye(6, dtype=np.float32)
    assert features_classifier(FeaturesConfig(), 3).fit(vectors, codes([0, 0, 1, 1, 2, 2]), 0).strength == 0.0001


def test_regression_that_has_not_converged_is_no_warning():
    vectors, labels = cloud(100, spread=0.1)
    model = Logistic(StandardScaler(), LogisticConfig(strengths=(1e6,), max_iter=1), 3).fit(vectors, labels, 0)
    assert is_distribution(model.predict_proba(vectors), 100, 3)


def test_constant_and_huge_columns():
    vectors, labels = cloud(60)
    vectors[:, 5] = 7
    vectors[:, 6] *= 1e6
    model = features_classifier(FeaturesConfig(), 3).fit(vectors, labels, 0)
    assert is_distribution(model.predict_proba(vectors), 60, 3)


def test_two_hundred_classes():
    labels = codes(np.arange(400) % 200)
    texts = [f"word{code} of class{code}" for code in labels]
    probabilities = (
        lexical_classifier(LexicalConfig(strengths=(1000.0,)), 200).fit(texts, labels, 0).predict_proba(texts)
    )
    assert is_distribution(probabilities, 400, 200)
    assert (probabilities.argmax(1) == labels).all()


# -- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I'm so GLAD!!", ["i", "'", "m", "so", "glad", "!", "!"]),
        ("很高兴 today", ["很", "高", "兴", "today"]),
        ("とてもうれしい", list("とてもうれしい")),
        ("정말 좋아", list("정말좋아")),
        ("أنا سعيد", ["أنا", "سعيد"]),
        ("😀😀", ["😀", "😀"]),
        ("nul\x00 #joy @me", ["nul", "\x00", "#", "joy", "@", "me"]),
        ("naïve Straße 42", ["naïve", "straße", "42"]),
    ],
)
def test_words_of_all_scripts(text: str, tokens: list[str]):
    assert TfidfVectorizer(token_pattern=TOKEN).build_analyzer()(text) == tokens


@pytest.mark.parametrize(
    "texts",
    [
        ["😀", "😢", "😀", "😢"] * 3,
        ["很高兴", "很难过", "真高兴", "真难过"] * 3,
        ["!!!", "???", "!", "?"] * 3,
        ["\x00", "\x01", "\x00", "\x01"] * 3,
    ],
)
def test_texts_without_letters(texts: list[str]):
    labels = codes([0, 1] * (len(texts) // 2))
    probabilities = lexical_classifier(LEXICAL, 2).fit(texts, labels, 0).predict_proba(texts)
    assert is_distribution(probabilities, len(texts), 2)
    assert (probabilities.argmax(1) == labels).all()


@pytest.mark.parametrize("rows", [2, 40])
def test_texts_that_share_no_word(rows: int):
    texts = [f"word{row}" for row in range(rows)]
    model = lexical_classifier(LEXICAL, 2).fit(texts, codes([0] * (rows // 2) + [1] * (rows // 2)), 0)
    probabilities = model.predict_proba([texts[0], texts[-1], "unknown"])
    assert is_distribution(probabilities, 3, 2)
    assert probabilities[0, 0] > probabilities[2, 0] > probabilities[1, 0]


def test_text_of_unknown_words_gets_an_honest_answer():
    texts, labels = moody(60)
    assert is_distribution(lexical_classifier(LEXICAL, 3).fit(texts, labels, 0).predict_proba(["qwertz", ""]), 2, 3)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.text("ab 😀很!", min_size=1, max_size=8), st.integers(0, 4)), min_size=1, max_size=25),
    st.integers(0, 2**32 - 1),
)
def test_rows_sum_to_one_and_absent_classes_get_nothing(rows: list[tuple[str, int]], seed: int):
    texts, labels = [f"{text}." for text, _ in rows], codes([code for _, code in rows])
    vectors = np.array([[len(text), text.count("a")] for text in texts], dtype=np.float32)
    for model, inputs in (
        (lexical_classifier(LEXICAL, 6), texts),
        (features_classifier(FeaturesConfig(strengths=(0.01, 0.1)), 6), vectors),
        (Baseline(6), texts),
    ):
        probabilities = model.fit(inputs, labels, seed).predict_proba(inputs)
        assert is_distribution(probabilities, len(texts), 6)
        present = np.isin(np.arange(6), labels)
        assert (probabilities[:, ~present] == 0).all()
        assert (probabilities[:, present] > 0).all()


def test_duplicates_of_the_rows_chosen_by_are_not_learned_from():
    """Six copies of texts with random labels: known by heart, they would ask for the strongest regression."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefghijklmnop"), 8)) for _ in range(60)] * 6
    labels = codes(np.tile(rng.integers(0, 2, 60), 6))
    groups = codes(np.tile(np.arange(60), 6))
    assert lexical_classifier(LEXICAL, 2).fit(texts, labels, 0, groups=groups).strength == min(LEXICAL.strengths)
    assert lexical_classifier(LEXICAL, 2).fit(texts, labels, 0).strength != min(LEXICAL.strengths)
