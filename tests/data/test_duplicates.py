import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

import auditor
from auditor.config import DuplicatesConfig
from auditor.data.duplicates import CHARACTERS, Duplicates, find_duplicates

WORDS = "rain tram kettle quiet violet harbour ladder pepper sunday orbit candle winter magnet pocket thunder".split()


def near(*texts: str, **options: float) -> list[int]:
    return find_duplicates(texts, DuplicatesConfig(**options)).near.tolist()


def exact(*texts: str) -> list[int]:
    return find_duplicates(texts, DuplicatesConfig()).exact.tolist()


def sentence(rng: np.random.Generator, words: int = 12) -> str:
    return " ".join(f"{rng.choice(WORDS)}{rng.integers(100)}" for _ in range(words))


def jaccard(one: str, other: str, shingle: int) -> float:
    a, b = ({text[i : i + shingle] for i in range(len(text) - shingle + 1)} for text in (one, other))
    return len(a & b) / len(a | b)


def test_exact_duplicates_differ_in_case_width_and_white_space_alone():
    assert exact("So  Happy\ttoday ", "so happy today", "ｓｏ happy today", "so sad today") == [0, 0, 0, 1]


def test_punctuation_makes_another_text():
    assert exact("what a day :)", "what a day :(", "what a day :)") == [0, 1, 0]
    assert near("no", "no!", "no?") == [0, 1, 2]


def test_a_typo_makes_a_near_duplicate():
    first = "my flight was cancelled twice and nobody at the desk would talk to me"
    assert near(first, "the soup was cold", first.replace("cancelled", "canceled")) == [0, 1, 0]


def test_addresses_and_mentions_are_left_out():
    assert near(
        "@ana cannot wait for the weekend http://t.co/aX81k",
        "cannot wait for the weekend",
        "@bo @cy cannot wait for the weekend www.example.org/some/very/long/path?of=things",
    ) == [0, 0, 0]
    assert near("write to ana@example.org today", "write to ana@other.net today") == [0, 1]


def test_texts_of_nothing_but_addresses_are_compared_as_they_are():
    assert near("http://t.co/qwertyuiop", "http://example.org/asdfgh", "@ana", "@bo") == [0, 1, 2, 3]


def test_the_threshold_holds_for_the_true_similarity():
    one, other = "abcdefghijklmnopqrst", "abcdefghijklmnopqrsz"
    assert jaccard(one, other, 5) == 15 / 17
    assert near(one, other, jaccard=0.88) == [0, 0]
    assert near(one, other, jaccard=0.89) == [0, 1]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("permutations", [1, 16])
def test_every_configuration_works(threshold: float, permutations: int):
    texts = ["one and the same", "@me one and the same", "one and the same!"]
    same, other, almost = near(*texts, jaccard=threshold, permutations=permutations)
    assert same == other
    assert threshold < 1 or almost != same


def test_groups_are_those_of_comparing_every_pair():
    rng = np.random.default_rng(3)
    texts = []
    for _ in range(60):
        text = sentence(rng)
        texts += [text, *(text[: rng.integers(40, len(text))] + sentence(rng, 1) for _ in range(3))]
    similar = np.array([[jaccard(a, b, 5) >= 0.8 for a in texts] for b in texts])
    _, expected = connected_components(similar)
    found = find_duplicates(texts, DuplicatesConfig()).near
    together, wanted = found[:, None] == found, expected[:, None] == expected
    assert not (together & ~wanted).any()
    assert (together & wanted).sum() >= 0.99 * wanted.sum()
    assert len(np.unique(expected)) < len(texts)


@given(st.lists(st.text("ab c", max_size=12), max_size=30))
def test_laws_of_the_codes(texts: list[str]):
    found = find_duplicates(texts, DuplicatesConfig(shingle=2))
    for codes in (found.exact, found.near):
        assert codes.dtype == np.int32
        assert list(dict.fromkeys(codes.tolist())) == list(range(len(set(codes.tolist()))))
    for i, j in combinations(range(len(texts)), 2):
        same = " ".join(texts[i].split()) == " ".join(texts[j].split())
        assert (found.exact[i] == found.exact[j]) == same
        assert found.near[i] == found.near[j] or not same


@pytest.mark.parametrize(
    ("text", "edited", "together"),
    [
        ("这家店的东西很好吃，下次还会再来", "这家店的东西很好吃，下次还会再来的", True),
        ("这家店的东西很好吃，服务员也很热情，下次还会再来", "这家店的东西很好吃，服务员也很热心，下次还会再来", True),
        ("@user 很好吃", "@someone 很好吃", True),
        ("这家店的东西很好吃，下次还会再来", "这家店的东西很难吃，下次不会再来", False),
        ("很好吃", "很难吃", False),
        ("このお店の料理はとても美味しかったです", "このお店の料理はとても美味しかったですね", True),
        ("このお店の料理はとても美味しかったです", "このお店の接客はとても悪かったです", False),
    ],
)
def test_a_chinese_or_japanese_shingle_is_shorter(text: str, edited: str, together: bool):
    assert (near(text, edited) == [0, 0]) == together


def chain(links: int) -> list[str]:
    """Texts of which each is a near duplicate of the next; the first and the last have nothing in common."""
    letters = "".join(np.random.default_rng(0).choice(list("abcdefghijklmnopqrstuvwxyz"), links * 3 + 60))
    return [letters[start * 3 : start * 3 + 60] for start in range(links)]


def test_a_chain_is_one_group():
    found = find_duplicates(chain(50), DuplicatesConfig())
    assert (found.largest, found.near_groups, found.cut_groups) == (50, 1, 0)


def test_a_long_chain_is_cut_down():
    texts = [*chain(51), "a text apart", "a text apart."]
    found = find_duplicates([*texts, texts[0]], DuplicatesConfig())
    assert found.cut_groups == 1
    assert found.near.tolist() == [*range(51), 51, 51, 0]


def test_a_long_chain_keeps_what_is_almost_equal():
    texts = chain(60)
    found = find_duplicates([*texts, texts[10][:-1] + "!"], DuplicatesConfig())
    assert found.cut_groups == 1
    assert found.near.tolist() == [*range(60), 10]


def test_the_share_of_rows_that_a_chain_may_have():
    texts = chain(60)
    assert find_duplicates(texts, DuplicatesConfig(max_share=1)).cut_groups == 0
    assert find_duplicates(texts, DuplicatesConfig(max_share=0.5)).cut_groups == 1


def test_equal_rows_are_never_cut_apart():
    found = find_duplicates(["the very same words"] * 200, DuplicatesConfig())
    assert (found.largest, found.cut_groups, found.exact_groups) == (200, 0, 1)


def test_greetings_to_many_people_are_cut_too():
    found = find_duplicates([f"@user{number} good morning" for number in range(100)], DuplicatesConfig())
    assert (found.cut_groups, found.near_groups) == (1, 0)


def test_templates_with_a_number_stay_affordable_and_are_cut():
    texts = [f"your order {number} has been shipped and arrives on monday" for number in range(10_000, 12_000)]
    found = find_duplicates(texts, DuplicatesConfig())
    assert found.cut_groups == 1
    assert found.largest <= 50


def test_very_long_texts_are_compared_by_their_beginning():
    start = sentence(np.random.default_rng(1), 3000)[:CHARACTERS]
    assert near(start + "x" * 1_000_000, start + "y" * 1_000_000, "x" * 1_000_000) == [0, 0, 1]


def test_strange_texts():
    texts = [
        "",
        "\x00\x00\x00\x00\x00\x00",
        "\ud800 half a character",
        "今天天气真好我们去公园吧",
        "مرحبا بالعالم",
        "🎉🎉🎉",
    ]
    assert near(*texts) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("texts", [[], ["alone"]])
def test_next_to_nothing(texts: list[str]):
    found = find_duplicates(texts, DuplicatesConfig())
    assert len(found.exact) == len(found.near) == found.largest == len(texts)
    assert (found.exact_groups, found.near_groups, found.rows_in_groups, found.cut_groups) == (0, 0, 0, 0)


def test_counts():
    first = "my flight was cancelled twice and nobody at the desk would talk to me"
    found = find_duplicates([first, "so be it", first + "!", "SO be it", "the end"], DuplicatesConfig())
    assert (found.exact_groups, found.near_groups, found.rows_in_groups, found.largest) == (1, 2, 4, 2)


def test_progress_ends_at_the_distinct_texts():
    told: list[tuple[int, int]] = []
    texts = [f"{number} bottles" for number in range(10_500)]
    find_duplicates([*texts, texts[0]], DuplicatesConfig(), lambda done, total: told.append((done, total)))
    assert told == [(10_000, 10_500), (10_500, 10_500)]


def test_written_and_read_back(tmp_path: Path):
    found = find_duplicates([*chain(60), *WORDS, *WORDS], DuplicatesConfig())
    assert found.cut_groups == 1
    found.write(tmp_path / "duplicates.parquet")
    again = Duplicates.load(tmp_path / "duplicates.parquet")
    assert again.exact.dtype == again.near.dtype == np.int32
    assert again.exact.tolist() == found.exact.tolist()
    assert again.near.tolist() == found.near.tolist()
    assert again.cut_groups == 1


def test_the_hash_seed_of_python_changes_nothing():
    script = (
        "import numpy as np; from auditor.config import DuplicatesConfig; "
        "from auditor.data.duplicates import find_duplicates; rng = np.random.default_rng(0); "
        "texts = [' '.join(rng.choice(['red', 'green', 'blue', 'grey', 'pink'], 6)) for _ in range(400)]; "
        "print(find_duplicates(texts, DuplicatesConfig(jaccard=0.6, max_share=0.3)).near.tolist())"
    )
    root = Path(auditor.__file__).parents[1]
    outputs = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(set(outputs.pop().split(","))) > 1


def test_equal_texts_with_different_labels_are_counted() -> None:
    found = find_duplicates(["so nice", "So  nice", "so nice", "else", "else", "alone"], DuplicatesConfig())
    assert found.conflicting_groups(np.array([0, 1, 1, 2, 2, 0], dtype=np.int32)) == 1
    assert found.summary(np.zeros(6, dtype=np.int32))["conflicting_groups"] == 0
