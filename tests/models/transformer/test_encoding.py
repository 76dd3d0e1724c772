"""Encoding in blocks, which an interruption leaves and other processes encode."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.config import EncoderConfig
from auditor.errors import ModelError, RunDamagedError, StorageError
from auditor.models.transformer import encoding as module
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.encoding import encode
from auditor.models.transformer.weights import Weights
from auditor.run import Reader, Run
from auditor.runner import Local, Need
from tests.disk import files_up_to
from tests.runner.running import Here

WORDS = "i feel so happy and sad today , what a wonderful day it was !".split()
TEXTS = [" ".join(WORDS[start : start + size]) for size in (1, 3, 9, 14) for start in range(8)]
TEXTS += ["😀😀 🎉", "我今天很高兴", "nul\x00inside", "?", TEXTS[3], TEXTS[20]]
SMALL = EncoderConfig(precision="float32", token_budget=32)


@pytest.fixture
def small(tiny_weights: Weights, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    """An encoder; a block has three batches."""
    monkeypatch.setattr(module, "_BATCHES", 3)
    return Encoder(tiny_weights, SMALL, "cpu")


@pytest.fixture
def uninterrupted(small: Encoder, tmp_path: Path) -> bytes:
    (folder := tmp_path / "uninterrupted").mkdir()
    return encode(small, TEXTS, folder).read_bytes()


def copied_after(small: Encoder, texts: Sequence[str], folder: Path, batches: int) -> Path:
    """The folder as it was on the disk after so many batches, which is what SIGKILL would have left."""
    left = folder.with_name(f"{folder.name}-after-{batches}")

    def copy(done: int, total: int) -> None:
        assert total > batches
        if done == batches:
            shutil.copytree(folder, left)

    folder.mkdir(exist_ok=True)
    encode(small, texts, folder, copy)
    return left


def resumed(small: Encoder, folder: Path, texts: Sequence[str] = TEXTS) -> tuple[list[int], bytes]:
    """Which batches were still to be done, and the file."""
    told: list[int] = []
    path = encode(small, texts, folder, lambda done, total: told.append(done))
    return told, path.read_bytes()


@pytest.mark.parametrize("batches", [1, 3, 4, 8])
def test_killed_encoding_continues_after_the_last_finished_block(
    small: Encoder, tmp_path: Path, uninterrupted: bytes, batches: int
):
    told, file = resumed(small, copied_after(small, TEXTS, tmp_path / "killed", batches))
    assert told[0] == (batches - 1) // 3 * 3 + 1  # the last batch is reported before its block is written
    assert file == uninterrupted


@pytest.mark.parametrize("size", [1, 2, 1_000])
def test_the_size_of_the_blocks_changes_no_byte(
    small: Encoder, tmp_path: Path, uninterrupted: bytes, monkeypatch: pytest.MonkeyPatch, size: int
):
    monkeypatch.setattr(module, "_BATCHES", size)
    (folder := tmp_path / "blocks").mkdir()
    assert encode(small, TEXTS, folder).read_bytes() == uninterrupted


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", None])
def test_a_damaged_block_is_encoded_again(small: Encoder, tmp_path: Path, uninterrupted: bytes, damage: bytes | None):
    (folder := tmp_path / "damaged").mkdir()
    encode(small, TEXTS, folder)
    block = folder / "block-1.partial"
    block.write_bytes(block.read_bytes()[:-1] if damage is None else damage)
    told, file = resumed(small, folder)
    assert len(told) == 3
    assert file == uninterrupted


def test_an_interruption_keeps_the_finished_blocks(small: Encoder, tmp_path: Path, uninterrupted: bytes):
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    (folder := tmp_path / "interrupted").mkdir()
    with pytest.raises(KeyboardInterrupt):
        encode(small, TEXTS, folder, interrupt)
    assert not (folder / "vectors.npy").exists()
    told, file = resumed(small, folder)
    assert told[0] == 4
    assert file == uninterrupted


def test_killed_while_the_file_is_put_together(small: Encoder, tmp_path: Path, uninterrupted: bytes):
    (folder := tmp_path / "killed").mkdir()
    path = encode(small, TEXTS, folder)
    path.write_bytes(path.read_bytes()[:1000])
    told, file = resumed(small, folder)
    assert told == []
    assert file == uninterrupted


def test_blocks_of_other_texts_are_not_used(small: Encoder, tmp_path: Path):
    encode(small, ["happy", "sad"], tmp_path)
    (folder := tmp_path / "alone").mkdir()
    told, file = resumed(small, tmp_path, ["happy", "sad", "glad"])
    assert told == [1]
    assert file == encode(small, ["happy", "sad", "glad"], folder).read_bytes()


# -- elsewhere ------------------------------------------------------------------------------------------------------


def test_a_runner_encodes_the_blocks_that_are_left_to_the_same_bytes(
    small: Encoder, tmp_path: Path, uninterrupted: bytes
):
    here, folder = Here(), copied_after(small, TEXTS, tmp_path / "killed", 4)
    told: list[tuple[int, int]] = []
    path = encode(small, TEXTS, folder, lambda done, total: told.append((done, total)), here)
    assert path.read_bytes() == uninterrupted
    assert sorted(here.parts, key=lambda name: int(name.split("-")[1])) == [
        f"encode/block-{number}" for number in range(1, 1 + len(here.parts))
    ]
    assert told == sorted(told)
    assert told[0][0] == 4
    assert told[-1][0] == told[-1][1]
    assert not list(folder.glob("texts-*"))


def test_the_machine_encodes_a_last_block_itself_and_all_blocks_without_a_cluster(small: Encoder, tmp_path: Path):
    here = Here()
    encode(small, TEXTS[:3], tmp_path, runner=here)
    assert here.parts == []
    assert Local(4).at_once(9, Need(seconds=1_000.0)) == 4
    assert Local(4).at_once(9, Need(seconds=1_000.0, uses_all_cores=True)) == 0


def test_other_weights_and_a_changed_block_are_refused(small: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Changing(Here):
        def do(self, outcome: dict[str, Any]) -> dict[str, Any]:
            done = outcome["done"]
            return {"done": {**done, "hashes": dict.fromkeys(done["hashes"], "another")}}

    with pytest.raises(RunDamagedError, match="has changed since it was written"):
        encode(small, TEXTS, tmp_path, runner=Changing())
    described = Weights.described
    monkeypatch.setattr(Weights, "described", lambda weights: {**described(weights), "fingerprint": "another"})
    with pytest.raises(ModelError, match="differ from those on the machine that started the audit"):
        encode(small, TEXTS, tmp_path, runner=Here())


# -- what goes wrong ------------------------------------------------------------------------------------------------


def test_full_disk_is_an_error_before_anything_is_encoded(
    small: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    told: list[int] = []
    with pytest.raises(OSError, match="No space left"):
        encode(small, TEXTS, tmp_path, lambda done, total: told.append(done))
    assert told == []


def test_a_disk_that_cannot_hold_the_vectors_is_an_error_and_nothing_is_lost(small: Encoder, tmp_path: Path):
    run, texts, told = Run(tmp_path / "run"), ["happy", "sad"] * 5000, []

    def make(space: Path, read: Reader) -> None:
        encode(small, texts, space, lambda *at: told.append(at))

    with run.held():
        with files_up_to(100_000), pytest.raises(StorageError, match=r"cannot be written: .*too large"):
            run.stage("encode", make, resumable=True)
        assert told == []
        run.stage("encode", make, resumable=True)
    assert told == [(1, 1)]
    assert np.load(run.open("vectors.npy")).shape == (10_000, 32)
