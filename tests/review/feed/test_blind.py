"""Blind draws: what each leaves out, replayed from the log after verdicts, undos and merges, and the interval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import DecisionError
from auditor.estimate.stream import draw_row
from auditor.review.feed.blind import Blind
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import Pool
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide
from tests.review.runs import empty_log


@pytest.fixture
def blind(verdicts: Verdicts) -> Blind:
    return Blind(verdicts)


def chances(items: Items) -> np.ndarray:
    return np.nan_to_num(items.suspicion).astype(np.float64)


def judged(verdicts: Verdicts, blind: Blind) -> set[int]:
    return set(np.flatnonzero((verdicts.outcomes.wrong >= 0) & blind.population).tolist())


def left_out(blind: Blind) -> list[set[int]]:
    """Rows that each draw left out."""
    return [set(np.flatnonzero(blind.pool_of(place)).tolist()) for place in range(len(blind))]


def test_a_draw_leaves_out_what_is_judged_then(verdicts: Verdicts, blind: Blind) -> None:
    expected = []
    for number in range(6):
        expected.append(judged(verdicts, blind))
        event = blind.draw("ann", chances(verdicts.items))
        assert event.pool is not None
        assert event.pool.size == int(blind.population.sum()) - len(expected[-1])
        row = verdicts.items.row_of(event.item_id or "")
        open_rows = blind.population & (verdicts.outcomes.wrong < 0)
        assert row == draw_row(~open_rows, event.pool.seed)  # anyone can draw it again
        if number % 2:
            decide(verdicts, row, "ann", "exclude")
        else:
            decide(verdicts, int(np.flatnonzero(open_rows)[0]), "bob")
    blind.catch_up()
    assert left_out(blind) == expected


def test_an_undo_changes_no_pool_and_a_new_view_replays_all(verdicts: Verdicts, blind: Blind) -> None:
    one, two = np.flatnonzero(blind.population)[:2].tolist()
    first = decide(verdicts, one, "ann", "exclude")
    blind.draw("ann", chances(verdicts.items))
    decide(verdicts, two, "ann")
    before = blind.interval(chances(verdicts.items))
    verdicts.log.undo("ann", "undo-1", first)
    verdicts.catch_up()
    assert left_out(blind) == [{one}]
    _, unknown, _ = blind.counts(blind.population, verdicts.outcomes.wrong)
    assert unknown.tolist() == [1]
    blind.draw("bob", chances(verdicts.items))
    assert left_out(blind) == [{one}, {two}]  # the undone row may be drawn again
    verdicts.log.redo("ann", "redo-1", first)
    verdicts.catch_up()
    replayed = Blind(verdicts)
    replayed.catch_up()
    assert left_out(replayed) == left_out(blind)
    assert replayed.interval(chances(verdicts.items)) == blind.interval(chances(verdicts.items))
    assert before.found == blind.interval(chances(verdicts.items)).found == 1


def test_merged_logs_keep_each_draw_its_own_pool(run: Run, items: Items, tmp_path: Path) -> None:
    logs = []
    for name in ("one", "two", "both"):
        (tmp_path / name).mkdir()
        logs.append(empty_log(run, tmp_path / name))
    one, two, both = (next(log) for log in logs)
    views = []
    some = np.flatnonzero(Blind(Verdicts(items, one)).population).tolist()
    for log, person, rows in ((one, "ann", some[:5]), (two, "bob", some[5:12])):
        verdicts = Verdicts(items, log)
        blind = Blind(verdicts)
        for row in rows:
            decide(verdicts, row, person, "exclude" if row % 3 else "keep")
            blind.draw(person, chances(items))
        blind.catch_up()
        views.append(left_out(blind))
    for order in ((one, two), (two, one)):
        for number, log in enumerate(order):
            (tmp_path / f"{number}.jsonl").unlink(missing_ok=True)  # of the example before
            export_log(log, tmp_path / f"{number}.jsonl")
            import_log(both, tmp_path / f"{number}.jsonl")
    verdicts = Verdicts(items, both)
    verdicts.catch_up()
    blind = Blind(verdicts)
    blind.catch_up()
    assert left_out(blind) == [*views[0], *views[1]]
    event = blind.draw("cleo", chances(items))
    assert event.pool is not None
    assert left_out(blind)[-1] == judged(verdicts, blind)
    assert len(event.pool.judged) == 5  # the change to the draw that came last, bob's
    for log in logs:
        log.close()


def test_merged_in_any_order_the_interval_is_the_same(run: Run, items: Items, tmp_path: Path) -> None:
    files = []
    for person, rows in (("ann", range(8)), ("bob", range(6, 15))):
        (tmp_path / person).mkdir()
        log = next(made := empty_log(run, tmp_path / person))
        verdicts, found = Verdicts(items, log), []
        blind = Blind(verdicts)
        for row in rows:
            decide(verdicts, row, person, "exclude" if row % 4 == 0 else "keep")
            drawn = items.row_of(blind.draw(person, chances(items)).item_id or "")
            if row % 2 and drawn is not None:
                found.append(decide(verdicts, drawn, person, "relabel", items.label_names[int(items.given[drawn]) - 1]))
        log.undo(person, f"undo-{person}", found[0])
        files.append(tmp_path / f"{person}.jsonl")
        export_log(log, files[-1])
        made.close()
    seen = []
    for order in (files, files[::-1]):
        (tmp_path / order[0].stem / "merged").mkdir()
        log = next(made := empty_log(run, tmp_path / order[0].stem / "merged"))
        for file in order:
            import_log(log, file)
        verdicts = Verdicts(items, log)
        verdicts.catch_up()
        blind = Blind(verdicts)
        blind.catch_up()
        seen.append([blind.interval(chances(items), problems=problems) for problems in (False, True)])
        made.close()
    assert seen[0] == seen[1]
    assert seen[0][0].draws == 17


def test_bulk_imported_and_unsure_verdicts_judge_nothing(verdicts: Verdicts, blind: Blind) -> None:
    decide(verdicts, 0, "ann", "exclude", source="bulk", batch_id="b")
    decide(verdicts, 1, "ann", "exclude", source="import")
    decide(verdicts, 2, "ann", "unsure")
    decide(verdicts, 3, "ann", "exclude")
    decide(verdicts, 3, "bob", "keep")
    decide(verdicts, 4, "ann", "keep")
    decide(verdicts, 4, "bob", "exclude")
    decide(verdicts, 4, "cleo", "exclude")
    decide(verdicts, 5, "ann", "ambiguous", *verdicts.items.label_names[:2])
    assert verdicts.outcomes.wrong[:7].tolist() == [-1, -1, -1, 1, 1, 0, -1]  # a tie is the first's
    assert verdicts.outcomes.problem[:7].tolist() == [-1, -1, -1, 1, 1, 1, -1]


def test_a_repeat_never_stands(verdicts: Verdicts) -> None:
    decide(verdicts, 3, "ann", "exclude")
    decide(verdicts, 3, "ann", "keep", source="repeat", arm="repeat")
    assert verdicts.outcomes.wrong[3] == 1
    decide(verdicts, 3, "ann", "keep")
    assert verdicts.outcomes.wrong[3] == 0


def test_parts_are_read_from_the_draws_that_fall_into_them(verdicts: Verdicts, blind: Blind) -> None:
    items = verdicts.items
    for row in range(10):
        decide(verdicts, row, "ann", "exclude" if row % 2 else "keep")
        drawn = items.row_of(blind.draw("ann", chances(items)).item_id or "")
        assert drawn is not None
        decide(verdicts, drawn, "ann", "exclude" if drawn % 3 == 0 else "keep")
    whole = blind.interval(chances(items))
    parts = [blind.interval(chances(items), among=items.given == code) for code in range(len(items.label_names))]
    assert sum(part.draws for part in parts) == whole.draws == 10
    assert sum(part.rows for part in parts) == whole.rows
    assert sum(part.found for part in parts) == whole.found
    for code, part in enumerate(parts):
        mine = blind.population & (items.given == code)
        draws = blind.draws(verdicts.outcomes.wrong, items.given == code)
        assert len(draws) == part.draws
        assert (draws.pool <= mine.sum()).all()


@pytest.mark.parametrize("changed", ["fewer", "more", "others"])
@pytest.mark.parametrize("earlier", [False, True])
def test_draws_from_other_rows_than_are_audited_now_do_not_count(
    verdicts: Verdicts, blind: Blind, changed: str, earlier: bool
) -> None:
    """An audit by other models, or of another version of the data, may have other rows to judge."""
    items, suspicion = verdicts.items, verdicts.items.suspicion.copy()
    if changed != "fewer":
        suspicion[7] = np.nan  # not audited at first
    first = Blind(Verdicts(replace(items, suspicion=suspicion), verdicts.log))
    first.verdicts.catch_up()
    for number in range(12):
        drawn = items.row_of(first.draw("ann", chances(items)).item_id or "")
        assert drawn is not None
        decide(verdicts, drawn, "ann", "exclude" if number % 3 == 0 else "keep")
    if earlier:
        for place, draw in enumerate(first._draws):
            event = draw.event.model_copy(update={"pool": draw.event.pool.model_copy(update={"audited": None})})
            first._draws[place] = replace(draw, event=event)
    now = items.suspicion.copy()
    if changed != "more":
        now[np.flatnonzero(first.population & (first.verdicts.outcomes.wrong < 0))[0]] = np.nan
    again = Blind(Verdicts(replace(items, suspicion=now), verdicts.log))
    again.verdicts.catch_up()
    for draw in first._draws:
        again._take_in(draw.event)
    found = again.interval(chances(items))
    if changed == "others" and earlier:
        return  # as many rows: earlier versions cannot tell
    assert (found.draws, again.outdated, again.settled()) == (0, 12, [])
    assert (found.low, found.high) == (found.found, found.found + found.unread)
    first.catch_up()
    assert first.outdated == 0
    assert first.interval(chances(items)).draws == 12


def test_with_every_row_judged_nothing_can_be_drawn(verdicts: Verdicts, blind: Blind) -> None:
    for row in np.flatnonzero(blind.population).tolist():
        decide(verdicts, row, "ann", "exclude" if row % 5 == 0 else "keep")
    with pytest.raises(DecisionError, match="Every row is judged"):
        blind.draw("ann", chances(verdicts.items))
    found = blind.interval(chances(verdicts.items))
    assert found.low == found.high == found.found
    assert found.unread == 0


def test_the_log_of_draws_is_read_as_it_was_written(log: DecisionLog, blind: Blind, items: Items) -> None:
    event = blind.draw("ann", chances(items))
    ((_, read),) = log.draws()
    assert read.model_copy(update={"at": event.at}) == event
    assert isinstance(read.pool, Pool)
    assert list(log.standing()) == []
    assert log.undo("ann", "undo-1") is None
