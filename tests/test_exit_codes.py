"""Every way in which a command can end has the code that docs/reference/errors.md gives it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor import errors
from auditor.errors import AuditorError
from auditor.run import Run
from tests.review.runs import write_run

ROOT = Path(__file__).parents[1]
Invoke = Callable[..., tuple[int, str, str]]
CODES = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
DOCUMENTED = {int(code) for code in re.findall(r"^\| (\d+) \|", CODES, re.MULTILINE)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("made") / "diary", rows=60)


@pytest.fixture
def run(made: Run, tmp_path: Path) -> Run:
    (tmp_path / "tweets.csv").write_text("text,label\na,x\nb,y\n")
    (tmp_path / "patch.jsonl").touch()
    return Run(shutil.copytree(made.directory, tmp_path / "reports" / "runs" / "diary"))


def tree(kind: type[AuditorError]) -> Iterator[type[AuditorError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


@pytest.mark.parametrize("kind", [kind for kind in tree(AuditorError) if kind.__module__ == errors.__name__])
def test_each_error_is_two_lines_and_its_code(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, kind: type[AuditorError]
) -> None:
    def fail(name: str) -> None:
        raise kind("What \x1b[31m[bold]was[/bold] found.", "What to do.")

    monkeypatch.setattr("auditor.findings.find_run", fail)
    code, out, err = invoke("issues", "diary")
    assert (code, out, err) == (kind.exit_code, "", "Error: What  [31m[bold]was[/bold] found.\n→ What to do.\n")
    assert code in DOCUMENTED


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("--version", 0, ""),
        ("--help", 0, ""),
        ("issues diary", 0, ""),
        ("runs", 0, ""),
        # the command line is not understood
        ("", 2, ""),
        ("nonsense", 2, "No such command 'nonsense'"),
        ("isues diary", 2, "Did you mean 'issues'?"),
        ("--nonsense", 2, "No such option: --nonsense"),
        ("issues", 2, "Missing argument 'RUN'"),
        ("issues diary more", 2, "more"),
        ("issues diary --nonsense", 2, "No such option: --nonsense"),
        ("issues diary --top", 2, "--top"),
        ("issues diary --top 0", 2, "--top"),
        ("issues diary --top x", 2, "--top"),
        ("issues diary --kind wrong", 2, "none_fits"),
        ("run tweets.csv --folds 1", 2, "--folds"),
        ("run tweets.csv --seed x", 2, "--seed"),
        ("run tweets.csv --pooling max", 2, "cls"),
        ("review diary --port 0", 2, "--port"),
        ("user", 2, "Missing command"),
        ("user nonsense", 2, "nonsense"),
        ("user list", 2, "--auth"),
        ("export diary high --to x.csv", 2, "ABOVE"),
        # a value that the command checks by hand
        ("run tweets.csv --models ,", 2, "--models names no model"),
        ("run tweets.csv --models none", 3, "neither models nor probabilities"),
        ("run tweets.csv --signal mine", 2, "'mine' is not a signal"),
        ("run tweets.csv --from excel", 2, "'excel' is not an annotation tool"),
        ("run tweets.csv --encoding klingon", 2, "There is no text encoding 'klingon'"),
        ("run tweets.csv --delimiter ab", 2, "'ab' cannot delimit"),
        ("review diary --blind often", 2, "not a share of cards"),
        ("review diary --certify 500%", 2, "--certify is '500%'"),
        ("review diary --group given=joy", 2, "require --certify"),
        ("export diary --to x.csv --verdicts maybe", 2, "--verdicts names 'maybe'"),
        ("export diary --to x.csv --unreviewed guess", 2, "--unreviewed is 'guess'"),
        ("export diary --to x.csv --unreviewed suggest --wrong-at-most 2", 2, "--wrong-at-most is '2'"),
        ("export diary --to x.csv --ties coin", 2, "--ties is 'coin'"),
        ("judge diary --model m --rows all", 2, "--rows is 'all'"),
        ("judge diary --model m --rows filter", 2, "belong together"),
        ("labels diary split joy", 2, "'split' is not an action"),
        ("labels diary rename", 2, "needs a class"),
        ("retrain diary --models magic", 2, "'magic'"),
        ("predict diary hi --file tweets.csv", 2, "Both texts and --file"),
        ("predict diary hi --text tweet", 2, "describe a table"),
        ("predict diary --file tweets.csv --png x.png", 2, "the texts are in a file"),
        ("predict diary hi --png x.csv", 2, "x.csv"),
        ("user add ann --role king --auth r.json", 2, "'king' is not a role"),
        # the input
        ("run nowhere.csv", 3, "nowhere.csv does not exist"),
        ("run sub/nowhere.csv", 3, "nor does the folder sub"),
        ("run tweets.csv nowhere", 3, "nowhere does not exist"),
        ("run tweets.csv --probabilities nowhere.npy", 3, "nowhere.npy does not exist"),
        ("run tweets.csv --models magic", 2, "'magic'"),
        ("run tweets.csv --address 10.0.0.1:6379", 2, "--address was given, but not --runner ray"),
        ("run tweets.csv --exchange s3://bucket/folder", 2, "--exchange was given, but not --runner ray"),
        ("run tweets.csv --runner ray --jobs 2", 2, "--jobs was given with --runner ray"),
        ("predict diary --file nowhere.txt", 3, "nowhere.txt does not exist"),
        ("apply patch.jsonl nowhere.csv --to x.csv", 3, "nowhere.csv does not exist"),
        ("review diary --keys nowhere.json", 3, "nowhere.json cannot be read"),
        ("export diary --to x.csv --format xls", 2, "--format is 'xls'"),
        ("export diary --to x.csv --leave-out keep", 2, "--leave-out names 'keep'"),
        ("push diary a/b --to x", 2, "--dry-run"),
        # the run
        *(
            (f"{verb} nothing", 5, "There is no run 'nothing'")
            for verb in ("issues", "report", "review", "patch", "retrain")
        ),
        ("export nothing --to x.csv", 5, "There is no run 'nothing'"),
        ("push nothing a/b", 5, "There is no run 'nothing'"),
        ("log export nothing x.jsonl", 5, "There is no run 'nothing'"),
        ("log import nothing patch.jsonl", 5, "There is no run 'nothing'"),
        ("runs --in nowhere", 5, "The folder nowhere does not exist"),
        # reviewing
        ("review diary --auth nowhere.json", 7, "nowhere.json"),
        ("user list --auth nowhere.json", 7, "nowhere.json"),
        ("user remove ann --auth nowhere.json", 7, "nowhere.json"),
        ("log import diary nowhere.jsonl", 7, "nowhere.jsonl does not exist"),
        ("export diary --to x.csv --filter nonsense=1", 7, "'nonsense'"),
        # correcting
        ("apply nowhere.jsonl tweets.csv --to x.csv", 8, "nowhere.jsonl does not exist"),
        ("apply patch.jsonl tweets.csv --with nowhere.jsonl --to x.csv", 8, "nowhere.jsonl does not exist"),
        ("export diary", 2, "--to"),
        ("export diary --to x.xyz", 8, "unknown extension"),
        ("issues diary --to x.xyz", 8, "unknown extension"),
        ("patch diary --to x.csv", 8, "unknown extension"),
    ],
)
def test_each_command_ends_with_its_code(
    invoke: Invoke, run: Run, tmp_path: Path, line: str, code: int, told: str
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    got, out, err = invoke(*line.split())
    assert got == code, err
    assert code in DOCUMENTED
    if told:
        assert out == ""
        assert told in err
        # A busy machine may take so long to read and import that the command says so.
        assert re.fullmatch(r"(\w+: [\d.]+ s\n)*Error: [^\n]+\n→ [^\n]+\n", err)
        assert {path.name for path in tmp_path.iterdir()} == before


def test_ctrl_c(invoke: Invoke, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.findings.find_run", press)
    assert invoke("issues", "diary") == (130, "", "")


def test_an_answer_that_never_comes(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("auditor.commands.accounts.getpass", ended)
    code, _, err = invoke("user", "add", "ann", "--auth", "r.json")
    assert code == 1
    assert "\n→ " in err


@pytest.mark.parametrize("words", [["issues", "diary"], ["issues", "diary", "--json"], ["--help"]])
def test_whoever_reads_may_stop(run: Run, tmp_path: Path, words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = given(words, tmp_path, write)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a full disk at hand")
@pytest.mark.parametrize("words", [["issues", "diary"], ["runs", "--json"]])
def test_output_to_a_full_disk(run: Run, tmp_path: Path, words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = given(words, tmp_path, full.fileno())
    assert done.returncode == 6
    assert re.fullmatch(r"Error: [^\n]+ cannot be written: [^\n]+\n→ [^\n]+\n", done.stderr)


def given(words: list[str], folder: Path, output: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=folder,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
