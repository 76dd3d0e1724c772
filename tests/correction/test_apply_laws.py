"""What holds of patches whatever the dataset, its copies of texts, and what has become of it since."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.correction.patch.apply import apply
from auditor.correction.patch.patch import make_patch
from tests.correction.patching import NAMES, Row, dataset, judged, rows_of, written

Case = tuple[list[Row], list[str] | None, dict[int, str | None]]
SPLITS = ("test", "train")


@st.composite
def cases(draw: st.DrawFn, texts: str = "abc") -> Case:
    """Rows, their own ids or none, and verdicts; without ``texts``, each row has a text of its own."""
    size = draw(st.integers(1, 9))
    splits = sorted(draw(st.lists(st.sampled_from(SPLITS), min_size=size, max_size=size)))
    rows = [
        (split, draw(st.sampled_from(texts)) if texts else f"text {row}", draw(st.sampled_from(NAMES)))
        for row, split in enumerate(splits)
    ]
    judged_rows = draw(st.sets(st.integers(0, size - 1)))
    others = {row: [name for name in (*NAMES, None) if name != rows[row][2]] for row in sorted(judged_rows)}
    ids = [f"tweet {row}" for row in range(size)] if draw(st.booleans()) else None
    return rows, ids, {row: draw(st.sampled_from(new)) for row, new in others.items()}


@given(case=cases())
@settings(max_examples=150)
def test_it_is_the_export_and_twice_is_once(case: Case) -> None:
    rows, ids, verdicts = case
    texts = dataset(rows, ids)
    corrections = judged(texts, verdicts)
    changes = make_patch(corrections)
    once = apply([changes], texts)
    assert rows_of(once) == rows_of(corrections)
    assert (once.already, once.unfit, once.conflicts) == ((), (), ())
    if rows_of(once):
        assert rows_of(apply([changes], written(once))) == rows_of(once)


@given(case=cases(texts=""), random=st.randoms(use_true_random=False), new=st.integers(0, 4))
@settings(max_examples=100)
def test_what_happens_to_other_rows_does_not_matter(case: Case, random: Random, new: int) -> None:
    rows, ids, verdicts = case
    wanted = {rows[row][1]: label for row, label in verdicts.items()}
    newer = [(row, f"tweet {at}") for at, row in enumerate(rows) if row[1] in wanted or random.random() < 0.7]
    newer += [((random.choice(SPLITS), f"new {at}", random.choice(NAMES)), f"new {at}") for at in range(new)]
    random.shuffle(newer)
    if newer:
        changes = make_patch(judged(dataset(rows, ids), verdicts))
        done = apply([changes], dataset([row for row, _ in newer], [id_ for _, id_ in newer] if ids else None))
        right = [(split, text, wanted.get(text, label)) for (split, text, label), _ in newer]
        assert rows_of(done) == [row for row in right if row[2] is not None]
        assert done.unfit == ()


@given(case=cases(), random=st.randoms(use_true_random=False), new=st.integers(0, 4))
@settings(max_examples=150)
def test_nothing_is_forced(case: Case, random: Random, new: int) -> None:
    """Whatever happened, rows change only as rows with their text and their label were judged, and no more of them."""
    rows, ids, verdicts = case
    newer = [(row, f"tweet {at}") for at, row in enumerate(rows) if random.random() < 0.8]
    newer += [((random.choice(SPLITS), random.choice("abcd"), random.choice(NAMES)), f"new {at}") for at in range(new)]
    if random.random() < 0.5:
        random.shuffle(newer)
    edited = [((split, text if random.random() < 0.9 else "edited", label), id_) for (split, text, label), id_ in newer]
    if not edited:
        return
    changes = make_patch(judged(dataset(rows, ids), verdicts))
    done = apply([changes], dataset([row for row, _ in edited], [id_ for _, id_ in edited] if ids else None))
    corrections, made = done.corrections, Counter[tuple[str, str, str | None]]()
    for at, ((_, text, label), _) in enumerate(edited):
        new_label = NAMES[corrections.label[at]] if corrections.kept[at] else None
        if new_label != label:
            made[text, label, new_label] += 1
    assert made <= Counter((rows[row][1], rows[row][2], label) for row, label in verdicts.items())
    assert made.total() == len(done.applied)
    assert len(done.applied) + len(done.already) + len(done.unfit) == len(changes)
