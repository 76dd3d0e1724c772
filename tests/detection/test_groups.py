from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from auditor.config import DetectionConfig
from auditor.detection import Flags, make_groups

NAMES = ("joy", "love", "fear")
CONFIG = DetectionConfig(cluster_rows=10, max_clusters=4)


def flags_for(suggested: list[int]) -> Flags:
    """Issues where a label is suggested; -1 stands for no issue."""
    codes = np.array(suggested, dtype=np.int32)
    suspicion = np.linspace(0.9, 0.1, len(codes)).astype(np.float32)
    return Flags(codes >= 0, suspicion, np.arange(1, len(codes) + 1, dtype=np.int32), codes, codes)


@pytest.fixture(scope="module")
def made():
    """20 joy → love about cats and 10 about trains, far apart; 3 love → joy; 5 that are no issue."""
    labels = np.array([0] * 30 + [1] * 3 + [2] * 5, dtype=np.int32)
    flags = flags_for([1] * 30 + [0] * 3 + [-1] * 5)
    center = np.array([0, 0, 1] * 10 + [2] * 8)
    vectors = (5 * np.eye(3, 6)[center] + 0.1 * np.random.default_rng(0).standard_normal((38, 6))).astype(np.float32)
    subjects = ["my cat purrs", "the train was late", "nothing here"]
    texts = [f"{subjects[each]} again number {row}" for row, each in enumerate(center)]
    return labels, flags, vectors, texts


def test_pairs_are_cut_into_clusters_and_numbered_by_size(made):
    labels, flags, vectors, texts = made
    group, table = make_groups(flags, labels, NAMES, vectors, texts, DetectionConfig(cluster_rows=15), 0)
    rows = table.to_pylist()
    assert [(row["given_label"], row["suggested_label"], row["cluster"], row["rows"]) for row in rows] == [
        ("joy", "love", 0, 20),
        ("joy", "love", 1, 10),
        ("love", "joy", 0, 3),
    ]
    assert [row["group"] for row in rows] == [0, 1, 2]
    assert group.dtype == np.int32
    assert group.tolist() == [0, 0, 1] * 10 + [2] * 3 + [-1] * 5
    for row in rows:
        assert row["mean_suspicion"] == pytest.approx(flags.suspicion[group == row["group"]].mean(), rel=1e-5)


def test_groups_are_named_by_their_typical_words(made):
    labels, flags, vectors, texts = made
    _, table = make_groups(flags, labels, NAMES, vectors, texts, DetectionConfig(cluster_rows=15), 0)
    words = table["words"].to_pylist()
    assert set(words[0]) == {"cat", "purrs"}
    assert set(words[1]) == {"train", "late"}
    assert "again" not in {word for group in words for word in group}


def test_the_same_seed_gives_the_same_groups(made):
    labels, flags, vectors, texts = made
    first, second = (make_groups(flags, labels, NAMES, vectors, texts, CONFIG, 5) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert first[1].equals(second[1])


def test_the_number_of_clusters_is_bounded(made):
    labels, flags, vectors, texts = made
    config = DetectionConfig(cluster_rows=1, max_clusters=4)
    _, table = make_groups(flags, labels, NAMES, vectors, texts, config, 0)
    assert sum(row["given_label"] == "joy" for row in table.to_pylist()) == 4


def test_identical_vectors_are_one_cluster(made):
    labels, flags, _, texts = made
    _, table = make_groups(flags, labels, NAMES, np.zeros((38, 6), np.float32), texts, CONFIG, 0)
    assert table["rows"].to_pylist() == [30, 3]


def test_without_vectors_a_pair_is_a_group(made):
    labels, flags, _, texts = made
    _, table = make_groups(flags, labels, NAMES, None, texts, CONFIG, 0)
    assert table["rows"].to_pylist() == [30, 3]


def test_no_issues():
    group, table = make_groups(flags_for([-1, -1]), np.array([0, 1], np.int32), NAMES, None, ["a", "b"], CONFIG, 0)
    assert group.tolist() == [-1, -1]
    assert table.num_rows == 0
    assert table.schema.types == [
        pa.int32(), pa.string(), pa.string(), pa.int32(), pa.int32(), pa.float32(), pa.list_(pa.string())
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["我很高兴今天", "他很高兴吗", "火车晚点"], "很高兴"),
        (["ไม่ดีเลย", "อาหารไม่ดี", "รถไฟ"], "ไม่ดี"),
        (["とても嬉しい", "今日は嬉しいね", "列車"], "嬉しい"),
        (["😂 😂", "so 😂", "🚂"], "😂"),
        (["أنا سعيد جدا", "سعيد اليوم", "القطار"], "سعيد"),
    ],
)
def test_texts_in_other_scripts(texts, expected):
    _, table = make_groups(flags_for([1, 1, 0]), np.array([0, 0, 1], np.int32), NAMES, None, texts, CONFIG, 0)
    assert expected in table["words"].to_pylist()[0]


def test_no_word_of_a_name_is_part_of_another():
    texts = ["我很不高兴", "他很不高兴吗", "很不高兴啊", *(f"火车{town}晚点" for town in "京津沪渝宁杭苏锡常徐" * 3)]
    labels = np.array([0] * 3 + [1] * 30, np.int32)
    _, table = make_groups(flags_for([1] * 3 + [0] * 30), labels, NAMES, None, texts, CONFIG, 0)
    [words] = [row["words"] for row in table.to_pylist() if row["rows"] == 3]
    assert not [(one, other) for one in words for other in words if one != other and one in other]


def test_texts_without_words():
    _, table = make_groups(flags_for([1, 1]), np.array([0, 0], np.int32), NAMES, None, ["...", "123 !"], CONFIG, 0)
    assert table["words"].to_pylist() == [[]]


GERMAN = "ich und du oder die der das nicht so mit".split()
LANGUAGES = {
    "english": (
        "i'm so sure they’re here, don't you dare; im told its the {}, really like https://www.x.com",
        "i am so {}",
    ),
    "german": ("ich und du sind mit der {} nicht so ganz", "du und ich, so oder so, mit der {} nicht"),
}


@pytest.mark.parametrize(("inside", "outside"), LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize("rows", [1, 2, 12])
def test_the_words_of_a_group_tell_something(inside, outside, rows):
    texts = [inside.format("train") for row in range(rows)] + [outside.format(f"cat{row % 7}x") for row in range(60)]
    suggested, labels = [1] * rows + [2] * 60, np.array([0] * len(texts), np.int32)
    _, table = make_groups(flags_for(suggested), labels, NAMES, None, texts, CONFIG, 0)
    [words] = [row["words"] for row in table.to_pylist() if row["suggested_label"] == "love"]
    assert "train" in words
    assert not {*words} & {*GERMAN, *"i'm im don't dont they’re its really like https www com so".split()}


def test_what_is_no_word_names_no_group():
    texts = ["x" * 400, "x" * 400, "uk tv"]
    _, table = make_groups(flags_for([1, 1, 2]), np.zeros(3, np.int32), NAMES, None, texts, CONFIG, 0)
    assert table["words"].to_pylist() == [[], ["tv", "uk"]]
