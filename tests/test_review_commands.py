"""The commands around reviewing, as their user sees them."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from auditor.access.accounts import Accounts
from auditor.commands import accounts as commands
from auditor.review.log.log import DecisionLog, run_id
from auditor.review.view.items import Items
from auditor.run import Run
from tests.review.reviewing import decision
from tests.review.runs import write_run

PASSWORD = "three short words"

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("made") / "diary")


@pytest.fixture
def run(made: Run, tmp_path: Path) -> Run:
    """A run under the usual name, with two decisions."""
    run = Run(shutil.copytree(made.directory, tmp_path / "reports" / "runs" / "diary"))
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        log.append(decision(items, row, run_id=log.run_id) for row in (0, 1))
        log.undo("ann", "undo")
    return run


def test_an_account_is_made_and_can_log_in(invoke: Invoke, tmp_path: Path) -> None:
    code, out, err = invoke("user", "add", " Ann ", "--auth", "r.json", "--password-stdin", typed=PASSWORD + "\n")
    assert (code, err) == (0, "")
    assert "'Ann' can log in" in out
    accounts = Accounts(tmp_path / "r.json")
    assert accounts.verify("Ann", PASSWORD) == "Ann"
    code, _, err = invoke("user", "add", "Ann", "--auth", "r.json", "--password-stdin", typed="another one\n")
    assert code == 7
    assert "--replace" in err
    words = ("user", "add", "Ann", "--auth", "r.json", "--password-stdin", "--replace")
    assert invoke(*words, typed="another one\n")[0] == 0
    assert accounts.verify("Ann", "another one") == "Ann"


def test_accounts_are_listed_and_removed(invoke: Invoke, tmp_path: Path) -> None:
    for name in ("ann", "bob [bold]"):
        invoke("user", "add", name, "--auth", "r.json", "--password-stdin", typed=PASSWORD + "\n")
    assert invoke("user", "list", "--auth", "r.json") == (0, "ann\nbob [bold]\n", "")
    assert json.loads(invoke("user", "list", "--auth", "r.json", "--json")[1]) == [
        {"name": "ann", "role": "reviewer"},
        {"name": "bob [bold]", "role": "reviewer"},
    ]
    code, out, err = invoke("user", "remove", "ann", "--auth", "r.json")
    assert (code, err) == (0, "")
    assert out == "'ann' has been removed from r.json and logged out. Decisions under that name stay in the log.\n"
    code, _, err = invoke("user", "remove", "ann", "--auth", "r.json")
    assert code == 7
    assert "has no account for 'ann'" in err
    assert "That was the last account" in invoke("user", "remove", "bob [bold]", "--auth", "r.json")[1]
    assert "has no accounts" in invoke("user", "list", "--auth", "r.json")[1]
    assert json.loads(invoke("user", "list", "--auth", "r.json", "--json")[1]) == []
    assert Accounts(tmp_path / "r.json").names == []


def test_an_account_has_a_role(invoke: Invoke) -> None:
    words = ("user", "add", "eva", "--auth", "r.json", "--password-stdin", "--role")
    assert invoke(*words, "chief", typed=PASSWORD + "\n")[0] == 2
    assert invoke(*words, "adjudicator", typed=PASSWORD + "\n")[0] == 0
    assert invoke("user", "list", "--auth", "r.json")[1] == "eva (adjudicator)\n"
    assert invoke("user", "role", "eva", "admin", "--auth", "r.json") == (0, "'eva' is now an admin.\n", "")
    code, _, err = invoke("user", "role", "eva", "boss", "--auth", "r.json")
    assert (code, "'boss' is not a role." in err) == (2, True)
    assert invoke("user", "role", "ann", "admin", "--auth", "r.json")[0] == 7


def test_names_in_a_file_of_accounts_are_inert(invoke: Invoke, tmp_path: Path) -> None:
    Accounts(tmp_path / "r.json").add("ann", PASSWORD)
    path = tmp_path / "r.json"
    path.write_text(path.read_text().replace('"ann"', '"\\u001b[31mann\\u202e"'))
    for more in ([], ["--json"]):
        assert not {"\x1b", "\u202e"} & {*invoke("user", "list", "--auth", "r.json", *more)[1]}


def test_a_password_is_asked_for_twice_and_never_shown(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([PASSWORD, "something else", PASSWORD, PASSWORD])
    monkeypatch.setattr(commands, "getpass", lambda _: next(answers))
    code, out, err = invoke("user", "add", "ann", "--auth", "r.json")
    assert code == 7
    assert "The two passwords differ" in err
    assert not (tmp_path / "r.json").exists()
    code, out, err = invoke("user", "add", "ann", "--auth", "r.json")
    assert code == 0
    assert PASSWORD not in out + err
    assert Accounts(tmp_path / "r.json").verify("ann", PASSWORD) == "ann"


def test_the_log_goes_out_and_comes_back(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    code, out, _ = invoke("log", "export", "diary", "decisions.jsonl")
    assert code == 0
    assert out == "3 events written to decisions.jsonl.\n"
    exported = tmp_path / "decisions.jsonl"
    assert [json.loads(line)["kind"] for line in exported.read_text("utf-8").splitlines()] == [
        "decide",
        "decide",
        "undo",
    ]
    assert invoke("log", "import", "diary", "decisions.jsonl")[1] == "0 events added; 3 were already in the log.\n"
    for path in run.directory.glob("decisions.db*"):
        path.unlink()
    assert invoke("log", "import", "diary", "decisions.jsonl")[1] == "3 events added; 0 were already in the log.\n"
    assert invoke("log", "export", run.directory, "again.jsonl")[0] == 0  # a path serves as well as a name
    assert (tmp_path / "again.jsonl").read_bytes() == exported.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["review", "nothing"], 5, "There is no run 'nothing'"),
        (["review", "diary", "--host", "0.0.0.0"], 7, "without a login"),
        (["review", "diary", "--auth", "none.json"], 7, "the file does not exist"),
        (["review", "diary", "--keys", "none.json"], 3, "none.json cannot be read"),
        (["review", "diary", "--db", "mysql://ann:secret@host/x"], 7, "mysql"),
        (["log", "export", "nothing", "a.jsonl"], 5, "There is no run 'nothing'"),
        (["log", "export", "diary", "no/such/folder/a.jsonl"], 7, "cannot be written"),
        (["log", "import", "diary", "none.jsonl"], 7, "none.jsonl does not exist"),
        (["log", "import", "diary", "broken.jsonl"], 7, "broken.jsonl, line 1"),
        (["user", "add", "", "--auth", "r.json", "--password-stdin"], 7, "is not a valid reviewer name"),
        (["user", "add", "ann", "--auth", "r.json", "--password-stdin"], 7, "The password has 4 characters"),
    ],
)
def test_wrong_words_are_told_what_to_do(
    invoke: Invoke, run: Run, tmp_path: Path, words: list[str], code: int, expected: str
) -> None:
    (tmp_path / "broken.jsonl").write_text("{}\n")
    got, out, err = invoke(*words, typed="1234")
    assert (got, out) == (code, "")
    assert expected in err
    assert "\n→ " in err
    assert "secret" not in err


def test_a_page_without_gradio_says_what_to_install(invoke: Invoke, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "auditor_ui"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "gradio", None)
    code, _, err = invoke("review", "diary", "--no-open")
    assert code == 7
    assert "gradio" in err
    assert "pip install 'label-auditor[ui]'" in err
    importlib.invalidate_caches()


def test_help_of_each_word_has_an_example(invoke: Invoke) -> None:
    for line in ("review", "user add", "user list", "user remove", "log export", "log import"):
        words = line.split()
        code, out, _ = invoke(*words, "--help")
        assert code == 0
        assert f"Example: auditor {' '.join(words)} " in out
