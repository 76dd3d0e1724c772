"""The Dockerfile copies, installs and starts what exists. No test builds the image: that takes Docker and a network."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from auditor.cli import VERBS, load

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
STEPS = [line.split(maxsplit=1) for line in LINES if line and not line.startswith("#")]
GUIDE = (ROOT / "docs" / "how-to" / "docker.md").read_text("utf-8")


def words(step: str) -> list[list[str]]:
    return [shlex.split(rest) for name, rest in STEPS if name == step]


def test_what_is_copied_exists_and_is_sent_to_docker() -> None:
    sent = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for *sources, _ in words("COPY"):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in sent


def test_what_is_installed_is_what_the_project_offers() -> None:
    ((*_, wanted),) = [command for command in words("RUN") if "install" in command]
    extras = re.fullmatch(r"\.\[(.*)\]", wanted)
    assert extras
    assert set(extras[1].split(",")) >= {"offline", "ui"}
    assert set(extras[1].split(",")) <= set(PROJECT["optional-dependencies"])
    ((image,),) = words("FROM")
    version = re.fullmatch(r"python:([\d.]+)-slim", image)
    assert version
    assert version[1] in SpecifierSet(PROJECT["requires-python"])


def test_the_command_is_installed() -> None:
    assert [step for step in STEPS if step[0] == "ENTRYPOINT"] == [["ENTRYPOINT", '["auditor"]']]
    assert "auditor" in PROJECT["scripts"]


@pytest.mark.parametrize("line", re.findall(r"^label-auditor (.+)$", GUIDE, flags=re.MULTILINE))
def test_the_guide_gives_commands_that_exist(line: str) -> None:
    verb, *options = shlex.split(line)
    assert verb in VERBS
    load(verb).make_context(verb, options)
