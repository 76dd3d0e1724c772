"""`auditor predict` as its user sees it: bars for a text, JSON Lines for many, a picture; and what is refused."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from auditor.cli import main
from tests.evaluation import models
from tests.evaluation.models import NAMES, config_for

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = config_for(tiny_model)
    return models.save(models.trained_lexical(config), tmp_path_factory.mktemp("saved") / "lexical", "lexical", config)


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path) -> Invoke:
    """Ask the model, in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object, stdin: bytes | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["auditor", "predict", str(model), *map(str, words)])
        given = SimpleNamespace(buffer=io.BytesIO(stdin or b""), isatty=lambda: stdin is None)
        monkeypatch.setattr(sys, "stdin", given)
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(stopped.value.code or 0), out, err

    return call


def test_bars_of_a_text(invoke: Invoke) -> None:
    code, out, err = invoke("I feel glad")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "I feel glad"
    assert lines[1].split()[0] == "joy"
    assert {name for name in NAMES for line in lines[1:4] if line.strip().startswith(name)} == set(NAMES)
    shares = [float(line.split()[-2].lstrip("<>")) for line in lines[1:4]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert lines[1].count("█") > lines[2].count("█")


def test_bars_of_several_texts_and_of_none_that_is_markup(invoke: Invoke) -> None:
    code, out, _ = invoke("[bold]sad[/bold]", "\x1b[31mglad")
    assert code == 0
    assert "[bold]sad[/bold]" in out
    assert "\x1b" not in out


def test_json_of_a_text(invoke: Invoke) -> None:
    code, out, err = invoke("I feel glad", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["text"], found["label"]) == ("I feel glad", "joy")
    assert list(found["probabilities"]) == list(NAMES)
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_a_line_for_each_line_of_standard_input(invoke: Invoke) -> None:
    code, out, _ = invoke(stdin="so glad\n\n  \nsad \u2028 day\nlast".encode())
    found = [json.loads(line) for line in out.split("\n") if line]
    assert code == 0
    assert [one["text"] for one in found] == ["so glad", "", "  ", "sad \u2028 day", "last"]
    assert [one["label"] is None for one in found] == [False, True, True, False, False]
    assert [one["probabilities"] is None for one in found] == [False, True, True, False, False]


def test_a_blank_text_that_is_given_is_one_of_standard_input(invoke: Invoke) -> None:
    assert invoke("", " ")[:2] == invoke(stdin=b"\n \n")[:2]


def test_a_line_for_each_row_of_a_file(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "tweets.csv").write_text("id,tweet\n1,so glad\n2,sad\n")
    _, given, _ = invoke("so glad", "sad", "--json")
    code, out, err = invoke("--file", "tweets.csv")
    assert (code, err, out) == (0, "", given)
    assert invoke("--file", "tweets.csv", "--text", "tweet", "--quiet")[1] == given


def test_picture(invoke: Invoke, tmp_path: Path) -> None:
    code, out, _ = invoke("I feel glad", "--png", "mood.png")
    assert code == 0
    assert "joy" in out
    assert (tmp_path / "mood.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["mood.png"]


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["x", "--png", "mood.jpg"], 2, "--png is 'mood.jpg', which does not end in .png.\n→ Give a name that does"),
        (["x", "y", "--png", "mood.png"], 2, "found 2 texts.\n→ Give one of them"),
        ([" ", "--png", "mood.png"], 2, "this text is blank.\n→ Give a text with words"),
        (["x", "--png", "nowhere/mood.png"], 6, "cannot be written"),
        (["x", "--file", "t.csv"], 2, "Both texts and --file"),
        (["--file", "t.csv"], 3, "does not exist"),
        ([], 2, "no text to classify"),
        (["--text", "tweet"], 2, "but none is given"),
        (["x", "--delimiter", ";"], 2, "but none is given"),
        (["\udcff"], 3, "not valid UTF-8"),
        (["x", "--model", "lexical"], 4, "is not a run"),
    ],
)
def test_what_is_refused(invoke: Invoke, tmp_path: Path, words: list[str], code: int, what: str) -> None:
    found, out, err = invoke(*words)
    assert (found, out) == (code, "")
    assert what in err
    assert not list(tmp_path.iterdir())


def test_standard_input_in_another_encoding(invoke: Invoke) -> None:
    assert json.loads(invoke("--encoding", "cp1252", stdin=b"caf\xe9\n")[1])["text"] == "café"
    code, _, err = invoke(stdin=b"caf\xe9\n")
    assert code == 3
    assert "standard input is not utf-8" in err
