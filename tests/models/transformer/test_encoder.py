from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModel, AutoTokenizer

from auditor.config import EncoderConfig
from auditor.errors import ModelError
from auditor.models.randomness import with_threads
from auditor.models.transformer import encoder as module
from auditor.models.transformer.encoder import Encoder, token_batches
from auditor.models.transformer.encoding import encode
from auditor.models.transformer.weights import Weights, find_weights

WORDS = "i feel so happy and sad today , what a wonderful day it was !".split()
TEXTS = [
    *(" ".join(WORDS[start : start + size]) for size in (1, 3, 9, 14) for start in range(8)),
    "😀😀 🎉",
    "我今天很高兴",
    "أنا سعيد جدا",
    "<script>alert('x')</script> &amp; <b>joy</b>",
    "nul\x00inside",
    "=cmd|' /C calc'!A0",
    "?",
]
SMALL = EncoderConfig(precision="float32", token_budget=48)


@pytest.fixture
def small(tiny_weights: Weights) -> Encoder:
    return Encoder(tiny_weights, SMALL, "cpu")


def one_by_one(folder: Path, texts: Sequence[str], pooling: str = "mean", max_length: int = 128) -> np.ndarray:
    """What transformers itself makes of each text alone, in float32."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    vectors = []
    for text in texts:
        with torch.inference_mode():
            tokens = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")
            hidden = model(**tokens).last_hidden_state[0]
        vectors.append((hidden[0] if pooling == "cls" else hidden.mean(0)).numpy())
    return np.stack(vectors)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_vectors_are_those_of_transformers(tiny_weights: Weights, tmp_path: Path, pooling: str):
    config = SMALL.model_copy(update={"pooling": pooling})
    path = encode(Encoder(tiny_weights, config, "cpu"), TEXTS, tmp_path)
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    assert (vectors.dtype, vectors.shape, vectors.flags.c_contiguous) == (np.float32, (len(TEXTS), 32), True)
    np.testing.assert_allclose(vectors, one_by_one(tiny_weights.folder, TEXTS, pooling), atol=1e-5)


def test_real_encoder_in_both_precisions(real_weights: Weights, tmp_path: Path):
    texts = [*TEXTS[:33:4], "What a joyful, happy day!", "I am so glad today.", "The parliament voted on the budget."]
    expected = one_by_one(real_weights.folder, texts)
    for precision, closeness in (("float32", 1 - 1e-5), ("bfloat16", 0.999)):
        (folder := tmp_path / precision).mkdir()
        encoder = Encoder(real_weights, EncoderConfig(precision=precision), "cpu")
        assert encoder.dtype is getattr(torch, precision)
        vectors = np.load(encode(encoder, texts, folder))
        assert vectors.shape == (len(texts), 384)
        assert cosines(vectors, expected).min() >= closeness
        joy, glad, budget = vectors[-3:, None]
        assert cosines(joy, glad) > cosines(joy, budget) + 0.2


def test_order_does_not_depend_on_lengths(small: Encoder, tmp_path: Path):
    orders = [np.arange(len(TEXTS)), np.random.default_rng(0).permutation(len(TEXTS))]
    found = []
    for number, order in enumerate(orders):
        (folder := tmp_path / str(number)).mkdir()
        found.append(np.load(encode(small, [TEXTS[row] for row in order], folder)))
    np.testing.assert_allclose(found[0][orders[1]], found[1], atol=1e-5)


def test_identical_texts_are_encoded_once(small: Encoder, tmp_path: Path):
    seen: list[int] = []
    small._model.register_forward_pre_hook(
        lambda _, args, tokens: seen.append(len(tokens["input_ids"])), with_kwargs=True
    )
    vectors = np.load(encode(small, ["a", "b", "a", "A", "a", "b"] * 5, tmp_path))
    assert sum(seen) == 3  # "a" and "A" are different texts, though this tokenizer takes them for the same
    assert (vectors[0] == vectors[2]).all()
    assert (vectors.reshape(5, 6, -1) == vectors[:6]).all()
    np.testing.assert_allclose(vectors[0], vectors[3], atol=1e-5)
    assert not np.allclose(vectors[0], vectors[1], atol=1e-3)


def test_every_batch_stays_within_the_budget(small: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "cpu_count", lambda: 1)  # one batch after the other
    shapes: list[tuple[int, int]] = []
    small._model.register_forward_pre_hook(
        lambda _, args, tokens: shapes.append(tuple(tokens["input_ids"].shape)), with_kwargs=True
    )
    told: list[tuple[int, int]] = []
    encode(small, TEXTS, tmp_path, lambda done, total: told.append((done, total)))
    assert all(rows * length <= 48 or rows == 1 for rows, length in shapes)
    assert [length for _, length in shapes] == sorted((length for _, length in shapes), reverse=True)
    assert told == [(done, len(shapes)) for done in range(1, len(shapes) + 1)]


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 700))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int):
    batches = [batch.tolist() for batch in token_batches(np.array(lengths, dtype=np.int64), budget)]
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    # Longest first, and rows of equal length in their order.
    assert [row for batch in batches for row in batch] == sorted(range(len(lengths)), key=lambda row: -lengths[row])
    for batch in batches:
        assert len(batch) * lengths[batch[0]] <= budget or len(batch) == 1
    for batch in batches[:-1]:
        assert (len(batch) + 1) * lengths[batch[0]] > budget  # full


def test_long_texts_are_cut(tiny_weights: Weights, tmp_path: Path):
    texts = ["happy " * 170_000, "sad " * 40]
    config = SMALL.model_copy(update={"max_length": 16})
    vectors = np.load(encode(Encoder(tiny_weights, config, "cpu"), texts, tmp_path))
    starts = [text[:100] for text in texts]
    np.testing.assert_allclose(vectors, one_by_one(tiny_weights.folder, starts, max_length=16), atol=1e-5)


def test_texts_are_cut_to_what_the_model_takes(tiny_weights: Weights, tmp_path: Path):
    config = SMALL.model_copy(update={"max_length": 5000})
    vectors = np.load(encode(Encoder(tiny_weights, config, "cpu"), ["happy " * 500], tmp_path))
    np.testing.assert_allclose(vectors, one_by_one(tiny_weights.folder, ["happy " * 500], max_length=128), atol=1e-5)


@pytest.mark.parametrize("texts", [[], ["one"], ["same"] * 3])
def test_hardly_any_texts(small: Encoder, tmp_path: Path, texts: list[str]):
    vectors = np.load(encode(small, texts, tmp_path), mmap_mode="r" if texts else None)
    assert vectors.shape == (len(texts), 32)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_the_number_of_cores_changes_no_byte(
    real_weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
):
    """Nor does the number of threads that the caller has chosen for torch, which stays as it was."""
    encoder = Encoder(real_weights, EncoderConfig(precision="float32", token_budget=64), "cpu")
    (folder := tmp_path / "alone").mkdir()
    monkeypatch.setattr(module, "cpu_count", lambda: 1)
    with with_threads(1):
        alone = encode(encoder, TEXTS, folder).read_bytes()
    (folder := tmp_path / "together").mkdir()
    monkeypatch.setattr(module, "cpu_count", lambda: cores)
    with with_threads(2):
        assert encode(encoder, TEXTS, folder).read_bytes() == alone
        assert torch.get_num_threads() == 2


def test_the_tokenizer_is_called_by_one_core_at_a_time(small: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A call changes its padding, which fails with "Already borrowed" while another call runs."""
    tokenize, calls, most = small._tokenizer, [], []

    def slowly(*args: Any, **options: Any) -> Any:
        calls.append(1)
        most.append(len(calls))
        time.sleep(0.005)
        calls.pop()
        return tokenize(*args, **options)

    monkeypatch.setattr(module, "cpu_count", lambda: 4)
    monkeypatch.setattr(small, "_tokenizer", slowly)
    encode(small, TEXTS, tmp_path)
    assert set(most) == {1}


def test_what_fails_in_one_batch_ends_the_encoding(small: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    encode_batch = small._encode_batch

    def fail_once(texts: list[str]) -> Any:
        if TEXTS[0] in texts:
            raise MemoryError("no room")
        return encode_batch(texts)

    monkeypatch.setattr(small, "_encode_batch", fail_once)
    with pytest.raises(MemoryError, match="no room"):
        encode(small, TEXTS, tmp_path)
    assert not (tmp_path / "vectors.npy").exists()


# -- what goes wrong ------------------------------------------------------------------------------------------------


def test_model_without_a_tokenizer_is_refused(tiny_model: Path, tmp_path: Path):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(tiny_model / name, tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        Encoder(find_weights(str(tmp_path)), SMALL, "cpu")


def test_damaged_weights_are_refused(tiny_model: Path, tmp_path: Path):
    shutil.copytree(tiny_model, tmp_path, dirs_exist_ok=True)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        Encoder(find_weights(str(tmp_path)), SMALL, "cpu")
    assert "\n" not in caught.value.what
