"""What a command imports: help needs nothing that reads data, and no short command what trains or draws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.review.runs import write_run

ROOT = Path(__file__).parents[1]
TRAINS = {
    *("torch", "transformers", "datasets", "sklearn", "scipy", "cleanlab", "matplotlib", "umap"),
    *("pandas", "huggingface_hub", "sqlalchemy", "gradio", "jinja2"),
}
READS = {"numpy", "pyarrow"}
CODE = """
import sys
from auditor.cli import main
sys.argv = ["auditor", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    print("\\n" + str(end.code or 0), *{name.split(".")[0] for name in sys.modules})
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and a dataset."""
    made = tmp_path_factory.mktemp("made")
    write_run(made / "reports" / "runs" / "diary", rows=60)
    (made / "rows.csv").write_text("text,label\na,joy\nb,fear\n")
    return made


@pytest.mark.parametrize(
    ("words", "code", "free_of"),
    [
        (["--help"], 0, TRAINS | READS | {"pydantic", "filelock", "sqlite3"}),
        (["--version"], 0, TRAINS | READS),
        (["runs"], 0, TRAINS | READS),
        (["issues", "diary"], 0, TRAINS),
        (["issues", "nothing"], 5, TRAINS | READS),
        (["run", "nowhere.csv"], 3, TRAINS | READS),
        (["run", "rows.csv", "--text", "tweet"], 3, TRAINS - {"pandas"}),
        (["export", "nothing", "--to", "x.csv"], 5, TRAINS | READS),
        (["apply", "nothing.jsonl", "nowhere.csv", "--to", "x.csv"], 8, TRAINS | READS),
        (["review", "diary", "--keys", "nothing.json"], 3, TRAINS | READS),
        (["predict", "diary", "--file", "nothing.csv"], 3, TRAINS | READS),
        (["user", "list", "--auth", "nothing.json"], 7, TRAINS | READS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_what_it_needs(folder: Path, words: list[str], code: int, free_of: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    ended, *modules = done.stdout.splitlines()[-1].split()
    assert int(ended) == code, done.stderr
    assert not free_of & {*modules}
