"""A log that somebody has sent, with a wrong value in it: it is refused with the value's place, or does no harm."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from auditor.errors import LogError
from auditor.review.log.event import item_hash
from auditor.review.log.jsonl import export_log
from auditor.review.log.log import DecisionLog, run_id
from auditor.review.view.items import Items
from auditor.review.view.progress import progress
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.events import bulk, decide, later
from tests.review.runs import write_run

BLOB, NOT_UTF8, NUL, INFINITE = b"\xff\x00", "CAST(x'61ff' AS TEXT)", "a\0b", float("inf")
ANY_TEXT: tuple[object, ...] = (BLOB, NOT_UTF8)

REFUSED: dict[str, tuple[object, ...]] = {
    "runs.run_id": (*ANY_TEXT, "", "a b"),
    "events.run": ("x", BLOB, 1.5, -3, 2**62),
    "events.seq": ("x", BLOB, 1.5, -1, 2**62),
    "events.event_id": (*ANY_TEXT, None, "", "a b", "x" * 65),
    "events.kind": (*ANY_TEXT, None, "", "drop", "undo"),
    "events.action": (*ANY_TEXT, None, "", "another"),
    "events.item_id": (*ANY_TEXT, None, "", NUL, "x" * 501),
    "events.item_hash": (*ANY_TEXT, None, "", "xyz"),
    "events.reviewer": (*ANY_TEXT, None, "", " ann", "a\nb", "x" * 101),
    "events.verdict": (*ANY_TEXT, None, "", "perhaps", "relabel", "ambiguous"),
    "events.new_labels": (
        *(*ANY_TEXT, None, "", "{", "7", "null", '{"a": 1}', "[1]", '[""]', '["joy"]', "[" * 100_000, b"[]"),
        *('["\\ud800"]', "[NaN]", '["a\\u0000"]'),
    ),
    "events.note": (*ANY_TEXT, None, NUL, "x" * 10_001, "x" * 10_000_000),
    "events.at": ("noon", BLOB, None, 1.5, 2**62, -(2**62), INFINITE),
    "events.seconds": ("x", BLOB, -1, INFINITE),
    "events.source": (*ANY_TEXT, None, "", "elsewhere"),
    "events.batch_id": (*ANY_TEXT, "", "a b", "another"),
    "events.suggestion_shown": (*ANY_TEXT, "", NUL),
    "events.suspicion_seen": ("x", BLOB, 1.5, -0.5, INFINITE),
    "events.undoes": (*ANY_TEXT, "", "another"),
    "events.extra": (
        *(*ANY_TEXT, "", "{", "7", "null", "{}", '{"arm": null}', '{"arm": "x"}', '{"follow": 2}', '{"follow": NaN}'),
        *('{"hidden": 1}', '{"pool": {}}', '{"other": 1}', "[" * 100_000),
    ),
    "leases.item_id": (*ANY_TEXT, "", NUL),
    "leases.reviewer": (*ANY_TEXT, "", " ann"),
    "leases.until": ("x", BLOB, 1.5, 2**62),
}
"""By column of what people decided: values that auditor does not write."""
MADE_AGAIN: dict[str, tuple[object, ...]] = {
    "actions.run": ("x", 7),
    "actions.reviewer": (*ANY_TEXT, "zoe"),
    "actions.action": (*ANY_TEXT, "another"),
    "actions.size": ("x", BLOB, None, -1, 2**62, 2),
    "actions.at": ("x", BLOB, None, 1.5, 2**62),
    "actions.undone_at": ("x", BLOB, 1.5, 2**62, 5),
    "standing.run": ("x", 7),
    "standing.item_id": (*ANY_TEXT, "another"),
    "standing.reviewer": (*ANY_TEXT, "zoe"),
    "standing.seq": ("x", BLOB, None, 1.5, -1, 2, 10**6),
    "standing.at": ("x", BLOB, None, 1.5, 2**62),
    "standing.verdict": (*ANY_TEXT, None, "perhaps", "exclude"),
    "standing.source": (*ANY_TEXT, None, "elsewhere", "map", "repeat"),
}
"""By column of what follows from these decisions: whatever stands there, it is made again."""
READ_ALONE: dict[str, tuple[object, ...]] = {
    "selections.ids": (*ANY_TEXT, "", "{", "[1]", "[" * 100_000),
    "log_migrations.name": (*ANY_TEXT, ""),
}
"""Columns that are of no importance to the rest."""


_ELSEWHERE = {
    **dict.fromkeys([("verdict", "relabel"), ("verdict", "ambiguous")], "new_labels"),
    **dict.fromkeys([("kind", "undo"), ("item_id", None), ("item_hash", None), ("verdict", None)], "kind"),
    **dict.fromkeys([("batch_id", "another"), ("undoes", "another")], "action"),
}
"""Where two columns contradict each other, the one that is named."""


def cases(of: dict[str, tuple[object, ...]]) -> Any:
    found = [(*place.split("."), value) for place, values in of.items() for value in values]
    return pytest.mark.parametrize(
        ("table", "column", "value"), found, ids=[f"{table}.{column}-{value!r:.20}" for table, column, value in found]
    )


class Sent(NamedTuple):
    """A run, with the file of its log."""

    run: Run
    items: Items
    file: Path
    selection: str


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    run = write_run(tmp_path_factory.mktemp("sent") / "diary", rows=30, models=("lexical",))
    items, file = Items.of(run), run / "decisions.db"
    texts, given = items.texts.to_pylist(), items.given.tolist()

    def of(row: int, **more: Any) -> dict[str, Any]:
        now = item_hash(texts[row], items.label_names[given[row]])
        return {"item": items.id_of(row), "item_hash": now, "run_id": run_id(run), "at": later(60 * row), **more}

    others = [name for place, name in enumerate(items.label_names) if place != given[1]]
    with closing(DecisionLog(file, run_id(run))) as log:
        seen = {"note": "n", "seconds": 2.5, "suggestion_shown": "joy", "suspicion_seen": 0.5}
        made = [decide(**of(0, **seen)), decide(**of(1, verdict="relabel", new_labels=others[:1]))]
        made += [decide(**of(row, reviewer="bob", seconds=1.5)) for row in (2, 3, 4)]
        log.append([*made, decide(**of(5)), decide(**of(6)), decide(**of(0, at=later(999)))], stamp=False)
        pool = {"size": 30, "mean_p": 0.1, "q": 0.2, "q_any": 0.3, "seed": "0" * 32}
        drawn = decide(**of(9, kind="serve", verdict=None, source="random", pool=pool))
        again = decide(**of(3, reviewer="bob", verdict="unsure", source="repeat", arm="repeat", at=later(2000)))
        log.append([drawn, decide(**of(9, source="random", arm="blind", hidden=True)), again], stamp=False)
        batch = bulk([items.id_of(7)], "batch", run_id=run_id(run))
        log.append([one.model_copy(update={"item_hash": of(7)["item_hash"]}) for one in batch], stamp=False)
        for number in range(2):
            log.undo("ann", f"undo-{number}")
        log.redo("ann", "redo")
        selection = log.save_selection([items.id_of(row) for row in range(3)])
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("INSERT INTO leases VALUES (1, 'train-2', 'bob', 5)")
    return Sent(run, items, file, selection)


def exported(sent: Sent, log: DecisionLog, folder: Path) -> object:
    export_log(log, folder / "log.jsonl")
    return (folder / "log.jsonl").read_bytes()


def caught_up(sent: Sent, log: DecisionLog, folder: Path) -> object:
    verdicts = Verdicts(sent.items, log)
    verdicts.catch_up()
    return progress(verdicts)


READERS: dict[str, Callable[[Sent, DecisionLog, Path], object]] = {
    "log export": exported,
    "export": lambda sent, log, folder: list(log.standing()),
    "export of some rows": lambda sent, log, folder: list(log.standing([sent.items.id_of(row) for row in range(8)])),
    "progress": caught_up,
    "history": lambda sent, log, folder: [log.history(sent.items.id_of(row)) for row in range(8)],
    "rows of a bulk": lambda sent, log, folder: log.items_of("batch"),
    "selection": lambda sent, log, folder: log.selection(sent.selection),
    "undo": lambda sent, log, folder: [getattr(log.undo(who, f"undo-by-{who}"), "undoes", 0) for who in ("ann", "bob")],
    "redo": lambda sent, log, folder: [getattr(log.redo(who, f"redo-by-{who}"), "undoes", 0) for who in ("ann", "bob")],
}
"""What the commands and the page ask the log; the last two write."""


@pytest.fixture(scope="module")
def sound(sent: Sent, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("sound")
    shutil.copy(sent.file, folder / "decisions.db")
    with closing(DecisionLog(folder / "decisions.db", run_id(sent.run))) as log:
        return {name: read(sent, log, folder) for name, read in READERS.items()}


@pytest.fixture
def file(sent: Sent, tmp_path: Path) -> Path:
    return Path(shutil.copy(sent.file, tmp_path / "decisions.db"))


def plant(file: Path, table: str, column: str, value: object) -> None:
    """Put a value into a row that has another one, past all that guards it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA writable_schema = ON")
        guards = "SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' OR name = ?"
        kept = other.execute(guards, [table]).fetchall()
        for kind, name, sql in kept:
            if kind == "trigger":
                other.execute(f"DROP TRIGGER {name}")
            elif value is None:
                free = sql.replace("NOT NULL", "")
                other.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (free, name))
        (version,) = other.execute("PRAGMA schema_version").fetchone()
        other.execute(f"PRAGMA schema_version = {version + 1}")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        which = {"events": "seq = 1", "actions": "reviewer = 'ann'", "standing": "reviewer = 'bob'"}.get(table, "1")
        keys = {"events": "run, seq", "actions": "run, reviewer, action", "standing": "run, item_id, reviewer"}
        one = f"({keys[table]}) IN (SELECT {keys[table]} FROM {table} WHERE {which} LIMIT 1)" if table in keys else "1"
        if isinstance(value, str) and value.startswith("CAST("):
            done = other.execute(f"UPDATE {table} SET {column} = {value} WHERE {one}")
        else:
            done = other.execute(f"UPDATE {table} SET {column} = ? WHERE {one}", [value])
        assert done.rowcount
        other.execute("PRAGMA writable_schema = ON")
        for kind, name, sql in kept:
            if kind == "trigger":
                other.execute(sql)
            else:
                other.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name))


def made(file: Path) -> list[list[object]]:
    """What stands in the tables that follow from the events."""
    with closing(sqlite3.connect(file)) as other:
        return [other.execute(f"SELECT * FROM {table} WHERE run = 1").fetchall() for table in ("actions", "standing")]


@cases(REFUSED)
def test_a_value_that_auditor_does_not_write_is_refused_with_its_place(
    table: str, column: str, value: object, sent: Sent, file: Path
) -> None:
    plant(file, table, column, value)
    before = file.read_bytes()
    for read_only in (False, True):
        with pytest.raises(LogError) as refused:
            DecisionLog(file, run_id(sent.run), read_only=read_only)
        what = refused.value.what
        assert what.startswith(f"{file} cannot be read: table {table}, run ")
        assert f", column {_ELSEWHERE.get((column, value), column)}: " in what
        assert len(what) < len(str(file)) + 300
        assert what.isprintable()
        assert "auditor log export" in refused.value.todo
    assert file.read_bytes() == before


def test_what_auditor_has_written_is_opened_without_writing(sent: Sent, file: Path) -> None:
    before = file.read_bytes()
    for read_only in (False, True):
        DecisionLog(file, run_id(sent.run), read_only=read_only).close()
    assert file.read_bytes() == before
    with closing(DecisionLog(file, run_id(sent.run))) as log:
        log.rebuild()
    assert made(file) == made(sent.file)


@cases(MADE_AGAIN)
def test_what_does_not_follow_from_the_events_is_made_again(
    table: str, column: str, value: object, sent: Sent, file: Path
) -> None:
    plant(file, table, column, value)
    DecisionLog(file, run_id(sent.run)).close()
    assert made(file) == made(sent.file)


@pytest.mark.parametrize("table", ["actions", "standing"])
def test_rows_that_are_missing_or_too_many_are_made_again(table: str, sent: Sent, tmp_path: Path) -> None:
    first = "(SELECT {0} FROM {1} LIMIT 1)"
    more = {"actions": "(1, 'zoe', 'x', 1, 1, NULL)", "standing": "(1, 'x', 'zoe', 1, 1, 'keep', 'queue')"}[table]
    key = {"actions": "action", "standing": "item_id"}[table]
    for number, change in enumerate(
        (f"DELETE FROM {table} WHERE {key} = {first.format(key, table)}", f"INSERT INTO {table} VALUES {more}")
    ):
        file = Path(shutil.copy(sent.file, tmp_path / f"{number}.db"))
        with closing(sqlite3.connect(file)) as other, other:
            other.execute(change)
        assert made(file) != made(sent.file)
        DecisionLog(file, run_id(sent.run)).close()
        assert made(file) == made(sent.file)


@cases(READ_ALONE)
def test_what_nothing_follows_from_harms_nothing_else(
    table: str, column: str, value: object, sent: Sent, sound: dict[str, object], file: Path, tmp_path: Path
) -> None:
    plant(file, table, column, value)
    with closing(DecisionLog(file, run_id(sent.run))) as log:
        for name, read in READERS.items():
            if (name, table) == ("selection", "selections"):
                with pytest.raises(LogError, match="cannot be read"):
                    read(sent, log, tmp_path)
            else:
                assert read(sent, log, tmp_path) == sound[name]


def test_bytes_that_are_turned_over_anywhere_are_told_or_do_no_harm(
    sent: Sent, sound: dict[str, object], tmp_path: Path
) -> None:
    chance, whole = random.Random(5), sent.file.read_bytes()
    for number in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 8, 64))):
            damaged[chance.randrange(100, len(whole))] ^= chance.randrange(1, 256)
        file = tmp_path / f"{number}.db"
        file.write_bytes(damaged)
        with suppress(LogError), closing(DecisionLog(file, run_id(sent.run))) as log:
            for read in READERS.values():
                read(sent, log, tmp_path)
        file.unlink()


def test_what_an_earlier_version_may_have_written_is_read(sent: Sent, file: Path) -> None:
    plant(file, "events", "seconds", 1e9)  # of a page left open: a week counts
    with closing(DecisionLog(file, run_id(sent.run))) as log:
        assert max(figures.median_seconds or 0 for figures in log.reviewers()) == 7 * 86_400


def test_a_file_that_was_looked_through_is_looked_through_again_when_it_changes(sent: Sent, file: Path) -> None:
    long_ago = time.time() - 60
    os.utime(file, (long_ago, long_ago))
    DecisionLog(file, run_id(sent.run)).close()
    plant(file, "events", "verdict", "perhaps")
    os.utime(file, (long_ago, long_ago))
    with pytest.raises(LogError, match="column verdict"):
        DecisionLog(file, run_id(sent.run))
