"""A process that uses the Hub on this machine: what Hugging Face's libraries know of it they read when imported.

It is asked for one thing a line, and answers each with one line of JSON. Waiting between retries takes no time there,
and a picture that was drawn before is not drawn again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Client:
    """Asks the process; a refusal comes back as ``{"error": class, "what": …, "todo": …}``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, verb: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([verb, arguments], default=str) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def client(endpoint: str, home: Path, token: str = "") -> Iterator[Client]:
    """Start a client of a Hub, with its own cache and nobody's token but the one given."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "0",  # as users have it: what is sent through Xet arrives nowhere here
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        **({"HF_TOKEN": token} if token else {}),
    }
    command = [sys.executable, "-m", "tests.hub.client"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": (home / "stderr.txt").open("a")}
    with subprocess.Popen(command, env=environment, cwd=ROOT, text=True, **pipes) as process:
        try:
            yield Client(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
            pipes["stderr"].close()


def _push(run: str, repo: str, policy: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    from auditor.actions import push
    from auditor.correction.decide.policy import Policy

    dry_run = options.pop("dry_run", None)
    pushed = push(run, repo, policy=Policy(**policy or {}), dry_run=dry_run and Path(dry_run), **options)
    return {**pushed.__dict__, "summary": None, "folder": str(pushed.folder)}


def _load(repo: str, config: str | None = None, **options: Any) -> dict[str, Any]:
    """Load a dataset as anybody would: rows by split, and the features."""
    import datasets

    loaded = datasets.load_dataset(repo, config, **options)
    return {
        "rows": {split: dataset.to_list() for split, dataset in loaded.items()},
        "features": {split: dataset.features.to_dict() for split, dataset in loaded.items()},
    }


def _read(source: str, **options: Any) -> dict[str, Any]:
    from auditor.config import ReadConfig
    from auditor.data import read

    data = read(source, ReadConfig(**options))
    labels = [data.label_names[code] for code in data.labels]
    return {"ids": data.ids, "labels": labels, "names": data.label_names, "origin": data.origin.__dict__}


def _run(source: str, directory: str, **options: Any) -> dict[str, Any]:
    from pathlib import Path

    from tests.hub.runs import read_run

    return {"run": str(read_run(source, Path(directory), **options).directory)}


def _command(words: list[str]) -> dict[str, Any]:
    """Give a command of auditor's; its words on standard output and standard error, and its exit code."""
    done = subprocess.run([sys.executable, "-m", "auditor", *words], capture_output=True, text=True, check=False)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def _push_model(folder: str, repo: str, **options: Any) -> dict[str, Any]:
    from auditor.evaluation.saved.publish import push_model

    return {"url": push_model(Path(folder), repo, **options)}


def _predict(model: str, texts: list[str]) -> Any:
    from auditor.evaluation.saved.find import find_model

    return find_model(model, device="cpu").predict_proba(texts).tolist()


_VERBS = {
    "push_model": _push_model,
    "predict": _predict,
    "push": _push,
    "load": _load,
    "read": _read,
    "run": _run,
    "command": _command,
}


def _serve() -> None:
    from types import SimpleNamespace

    import huggingface_hub.utils._http as http

    from auditor.correction.push import staging
    from auditor.errors import AuditorError

    draw, drawn = staging.draw_changes, dict[str, bytes]()

    def draw_once(*facts: Any) -> bytes:
        if repr(facts) not in drawn:
            drawn[repr(facts)] = draw(*facts)
        return drawn[repr(facts)]

    staging.draw_changes = draw_once
    http.time = SimpleNamespace(**{**vars(http.time), "sleep": lambda seconds: None})  # type: ignore[attr-defined]
    answers = sys.stdout
    with redirect_stdout(sys.stderr):
        for line in sys.stdin:
            verb, arguments = json.loads(line)
            try:
                answer = _VERBS[verb](**arguments)
            except AuditorError as error:
                answer = {"error": type(error).__name__, "what": error.what, "todo": error.todo}
            except Exception as error:
                answer = {"crash": repr(error)}
            answers.write(json.dumps(answer, default=str) + "\n")
            answers.flush()


if __name__ == "__main__":
    _serve()
