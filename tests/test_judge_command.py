"""`auditor judge` as its user sees it: consent, cost before and after, and no key anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.review.guidelines import Guidelines, version_of
from auditor.review.log.opening import opened_log
from tests.review.judge.server import label, serving
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]
SECRET = "sk-very-secret"


def test_consent_cost_and_quality(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_API_KEY", SECRET)
    run = write_run(tmp_path / "diary")
    words = ("judge", run.directory, "--model", "tiny", "--most", 3, "-q", "--price-in", 1, "--price-out", 2)
    with serving() as server:
        server.answer = lambda body: label(run.dataset.label_names[0])
        code, out, _ = invoke(*words, "--endpoint", server.url, typed="n\n")
        assert code == 0
        assert "The texts of 3 rows will be sent to the model tiny at 127.0.0.1" in out
        assert "cost about" in out
        assert server.bodies == []
        code, out, err = invoke(*words, "--endpoint", server.url, "--yes", "-v")
        assert (code, len(server.bodies)) == (0, 3)
        assert "3 of 3 rows judged in" in out
        assert "300 tokens in, 15 out, cost 0.0003." in out
        assert "It is not known how well tiny judges" in out
        assert SECRET not in out + err
        server.bodies.clear()
        code, out, err = invoke(*words, "--endpoint", server.url, "--json", typed="n\n")
        assert "will be sent to the model tiny" in err  # before the question, which JSON must not contain
        assert (json.loads(out)["judged"], server.bodies) == (None, [])
        code, out, _ = invoke(*words, "--json")
        assert code == 0
        assert json.loads(out)["quality"]["cards"] == 0
    for path in run.directory.iterdir():
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes()


def test_the_guidelines_of_the_log_are_sent_unless_a_file_is_named(invoke: Invoke, tmp_path: Path) -> None:
    run = write_run(tmp_path / "diary")
    with opened_log(run) as log:
        Guidelines(log).write("## joy\nHappy.", "ann", "g1", None)
        version = version_of("## joy\nHappy.")
    (tmp_path / "other.md").write_text("Be strict.")
    (tmp_path / "none.md").write_text("")
    words = ("judge", run.directory, "--model", "tiny", "--most", 1, "-q", "--yes")
    with serving() as server:
        server.answer = lambda body: label(run.dataset.label_names[0])
        code, out, _ = invoke(*words, "--endpoint", server.url)
        assert (code, f"The guidelines in the decision log, version {version}, are sent" in out) == (0, True)
        for name in ("other.md", "none.md"):
            code, out, _ = invoke(*words, "--endpoint", server.url, "--guidelines", tmp_path / name)
            assert (code, "decision log, version" in out) == (0, False)
        systems = [body["messages"][0]["content"] for body in server.bodies]
    assert ["Happy." in text for text in systems] == [True, False, False]
    assert ["Guidelines:" in text for text in systems] == [True, True, False]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--rows", "all"), "--rows is 'all', which is unknown."),
        (("--rows", "filter"), "belong together"),
        (("--filter", "given=joy"), "belong together"),
        (("--endpoint", "localhost:11434"), "--endpoint is not the address of a server."),
        (("--endpoint", "http://x/v1", "--guidelines", "missing.md"), "missing.md cannot be read"),
    ],
)
def test_options_that_are_refused(invoke: Invoke, tmp_path: Path, words: tuple[str, ...], what: str) -> None:
    run = write_run(tmp_path / "diary")
    code, _, err = invoke("judge", run.directory, "--model", "tiny", *words)
    assert code == (3 if "missing.md" in words else 2)
    assert what in err
