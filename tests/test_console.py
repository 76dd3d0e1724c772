"""What is told while an audit runs."""

import io

import pytest
from rich.console import Console

from auditor.commands.progress import Terminal
from auditor.console import Silent


def told(verbosity: int, terminal: bool = False) -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    return Terminal(Console(file=out, force_terminal=terminal, width=100, highlight=False), verbosity), out


def test_quiet_tells_nothing() -> None:
    listener, out = told(-1)
    listener.note("a note")
    with listener.task("Encoding") as advance:
        advance(1, 2)
    assert out.getvalue() == ""


def test_verbose_tells_how_long_each_stage_took() -> None:
    listener, out = told(1)
    with listener.task("Encoding") as advance:
        advance(2, 2)
    assert out.getvalue().startswith("Encoding: 0.0 s")


def test_notes_are_never_markup() -> None:
    listener, out = told(0)
    listener.note("[red]column[/red] [link=http://x]y[/link]")
    assert out.getvalue() == "[red]column[/red] [link=http://x]y[/link]\n"


def test_a_line_now_and_then_where_there_is_no_terminal(monkeypatch) -> None:
    clock = iter([0.0, 30.0, 40.0, 90.0, 100.0, 130.0])
    monkeypatch.setattr("auditor.commands.progress.time.monotonic", lambda: next(clock))
    listener, out = told(0)
    with listener.task("Encoding") as advance:
        advance(1, 10)  # after 30 s: the speed cannot be known yet
        advance(2, 10)  # 10 s later: too early
        advance(4, 10)  # 60 s after the first
        advance(5, 10)  # 10 s later: too early again
    assert out.getvalue().splitlines() == ["Encoding: 40%, about 2:00 left", "Encoding: 130.0 s"]


@pytest.mark.parametrize(("prepared", "earlier"), [(600.0, 0), (0.0, 80), (600.0, 80)])
def test_the_time_left_follows_from_the_speed_of_now(monkeypatch, prepared: float, earlier: int) -> None:
    """A task may prepare itself before it counts, and go on where an interrupted one has ended."""
    start = prepared + 1
    clock = iter([0.0, start, start + 60, start + 120, start + 121])
    monkeypatch.setattr("auditor.commands.progress.time.monotonic", lambda: next(clock))
    listener, out = told(0)
    with listener.task("Encoding") as advance:
        for done in (1, 3, 9):  # two a minute, then six
            advance(earlier + done, 100)
    slow, fast = (100 - earlier - 3) / 2, (100 - earlier - 9) / 6
    assert [minutes_left(line) for line in out.getvalue().splitlines()[:2]] == pytest.approx([slow, fast], abs=0.01)


def minutes_left(line: str) -> float:
    *hours, minutes, seconds = line.removesuffix(" left").split("about ")[1].split(":")
    return 60 * int(hours[0] if hours else 0) + int(minutes) + int(seconds) / 60


def test_a_bar_on_a_terminal_says_the_time_left() -> None:
    listener, out = told(0, terminal=True)
    with listener.task("Map of the vectors", expected_seconds=100):
        pass
    assert "Map of the vectors" in out.getvalue()
    assert "left" in out.getvalue()


def test_a_bar_promises_nothing_once_a_task_takes_longer_than_expected() -> None:
    listener, out = told(0, terminal=True)
    with listener.task("Map of the vectors", expected_seconds=0.0):
        pass
    assert "Map of the vectors" in out.getvalue()
    assert "left" not in out.getvalue()


def test_silent_listens_to_all() -> None:
    silent = Silent()
    silent.note("a note")
    with silent.task("Encoding") as advance:
        assert advance(1, 2) is None
