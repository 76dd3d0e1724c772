"""Patches of several people."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.correction.patch.apply import apply
from auditor.correction.patch.merge import merge
from auditor.correction.patch.patch import make_patch
from tests.correction.patching import NAMES, dataset, judged, rows_of

ROWS = [("all", f"text {row}", NAMES[row % 3]) for row in range(12)]
TEXTS = dataset(ROWS)


def patch(reviewer: str, verdicts: dict[int, str | None], texts: object = TEXTS):  # type: ignore[no-untyped-def]
    return make_patch(judged(texts, verdicts, reviewer))  # type: ignore[arg-type]


def test_patches_of_two_people_come_together() -> None:
    changes, conflicts = merge([patch("ann", {10: None, 0: "sad"}), patch("bob", {9: "joy", 0: "sad"})])
    assert conflicts == ()
    assert [change.id for change in changes] == ["all-0", "all-9", "all-10"]
    assert [change.reviewers for change in changes] == [("ann", "bob"), ("bob",), ("ann",)]


def test_who_said_so_last_is_kept() -> None:
    first, last = patch("ann", {0: "sad"}), patch("bob", {0: "sad"})
    assert first[0].decided_at < last[0].decided_at
    assert merge([last, first])[0][0].decided_at == last[0].decided_at


def test_conflicts_are_listed_and_not_made() -> None:
    patches = [patch("ann", {0: "sad", 1: None}), patch("bob", {0: "joy", 1: "anger"}), patch("eve", {2: "joy"})]
    done = apply(patches, TEXTS)
    assert [[change.new for change in conflict.changes] for conflict in done.conflicts] == [
        ["joy", "sad"],
        [None, "anger"],
    ]
    assert [change.id for change in done.applied] == ["all-2"]
    assert rows_of(done)[:2] == ROWS[:2]


def test_a_row_that_has_another_id_in_another_version_is_the_same_row() -> None:
    newer = dataset([("all", "new", "joy"), *ROWS])
    ours, theirs = patch("ann", {0: "sad"}), patch("bob", {1: "joy"}, newer)
    assert len(apply([ours, theirs], TEXTS).conflicts) == 1
    alike = apply([ours, patch("bob", {1: "sad"}, newer)], TEXTS)
    assert (alike.conflicts, alike.unfit) == ((), ())
    assert rows_of(alike)[0] == ("all", "text 0", "sad")


def test_copies_may_be_changed_differently() -> None:
    texts = dataset([("all", "ah", "joy"), ("all", "ah", "joy"), ("all", "oh", "sad")])
    changes, conflicts = merge([patch("ann", {0: "sad"}, texts), patch("bob", {1: "anger"}, texts)])
    assert (len(changes), conflicts) == (2, ())


VERDICTS = st.dictionaries(st.integers(0, 11), st.sampled_from([*NAMES, None]), max_size=6)


@given(given=st.lists(VERDICTS, min_size=2, max_size=4))
@settings(max_examples=40)
def test_the_order_of_patches_does_not_matter(given: list[dict[int, str | None]]) -> None:
    patches = [
        patch(f"reviewer-{number}", {row: new for row, new in verdicts.items() if new != ROWS[row][2]})
        for number, verdicts in enumerate(given)
    ]
    merged = merge(patches)
    assert all(merge(others) == merged for others in permutations(patches))
    assert merge([merged[0]]) == (merged[0], ())
    assert merge([merged[0], *patches]) == merged
    disputed = [change for conflict in merged[1] for change in conflict.changes]
    assert {change.id for patch in patches for change in patch} == {change.id for change in [*merged[0], *disputed]}
