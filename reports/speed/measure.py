"""Measure the speed of encoding and fine-tuning beside what people use today, and write results.json.

    python reports/speed/measure.py [--data DIR] [--only encode|finetune] [--rows N …] [--seeds N …] [--results FILE]
                                    [--precision float32]

Everything runs on the same texts, in one process; those that are compared take turns, so that a busy machine is busy
for all. Recorded measurements are not repeated: delete the file of results to start over. Give each kind of machine a
file of its own. A machine with more stands in for one with AVX2 alone, with ``--precision float32`` and with the
variables ONEDNN_MAX_CPU_ISA=AVX2, MKL_ENABLE_INSTRUCTIONS=AVX2 and ATEN_CPU_CAPABILITY=avx2.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sklearn.metrics import f1_score
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from auditor.config import DEFAULT_ENCODER, EncoderConfig, FinetunedConfig, ReadConfig
from auditor.data import read
from auditor.models.transformer.device import pick_device, pick_dtype
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.encoding import encode
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import find_weights

HERE = Path(__file__).parent
WEIGHTS = find_weights(DEFAULT_ENCODER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")) / "emotion")
    parser.add_argument("--only", choices=["encode", "finetune"])
    parser.add_argument("--rows", nargs="+", type=int, default=(4_000, 16_000))
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    parser.add_argument("--precision", choices=["auto", "float32"], default="auto", help="precision of ours")
    arguments = parser.parse_args()
    train = read(arguments.data / "train.txt", ReadConfig())
    test = read(arguments.data / "val.txt", ReadConfig())
    codes = np.array([train.label_names.index(test.label_names[code]) for code in test.labels], np.int32)
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}

    def keep(key: str, measure: Callable[[], dict[str, Any]]) -> None:
        if key not in results:
            results[key] = measure()
            arguments.results.write_text(json.dumps(results, indent=1) + "\n")

    precision = arguments.precision
    results["machine"] = machine(precision)
    for rows in arguments.rows:
        texts, labels = list(train.texts)[:rows], train.labels[:rows]
        if arguments.only != "finetune":
            keep(f"encode-{rows}", lambda texts=texts: encoding(texts, precision))
        if arguments.only != "encode":
            epochs = 3 if rows < 10_000 else 1
            ways = (("ours", partial(ours, precision)), ("trainer", trainer))
            for seed, (name, fit) in itertools.product(arguments.seeds, ways):
                given = (name, fit, texts, labels, train.label_names, test.texts, codes, seed, epochs)
                keep(f"finetune-{rows}-{seed}-{name}", lambda given=given: finetuning(*given))


def machine(precision: str = "auto") -> dict[str, Any]:
    """What was measured on, and how fast it multiplies matrices."""
    capabilities = torch.cpu.get_capabilities()
    bfloat16 = pick_dtype(precision, pick_device("auto")) is torch.bfloat16
    return {
        "device": str(pick_device("auto")),
        "threads": torch.get_num_threads(),
        "bfloat16": bfloat16,
        "kernels": torch.backends.cpu.get_cpu_capability(),  # of torch; less than the instructions, where restricted
        "instructions": [name for name in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if capabilities.get(name)],
        "bf16_gflops": round(matrix_rate(torch.bfloat16)) if bfloat16 else None,  # minutes without the units for it
        "float32_gflops": round(matrix_rate(torch.float32)),
        "torch": torch.__version__,
    }


def matrix_rate(dtype: torch.dtype, size: int = 2048) -> float:
    """Giga floating-point operations a second of a square matrix product; the best of ten."""
    a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds) / 1e9


# -- encoding ---------------------------------------------------------------------------------------------------


def encoding(texts: list[str], precision: str) -> dict[str, Any]:
    """Texts a second of each way (median of the rounds), and the cosine of ours to float32."""
    ways: dict[str, Callable[[list[str]], np.ndarray]] = {
        "ours": our_encoder(precision),
        "ours_float32": our_encoder("float32"),
        "sentence_transformers": sentence_transformers(),
        "book": book(),
    }
    vectors = {name: way(texts[:256]) for name, way in ways.items()}  # warms up
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3 if len(texts) < 10_000 else 1):  # the book's loop alone takes minutes a round on many rows
        for name, way in ways.items():
            start = time.perf_counter()
            vectors[name] = way(texts)
            seconds[name].append(time.perf_counter() - start)
    rates = {name: len(texts) / statistics.median(taken) for name, taken in seconds.items()}
    cosine = cosines(vectors["ours"], vectors["ours_float32"])
    print(len(texts), {name: round(rate) for name, rate in rates.items()}, float(cosine.min()), flush=True)
    return {
        "texts_a_second": rates,
        "seconds": seconds,
        "cosine_to_float32": {"lowest": float(cosine.min()), "median": float(np.median(cosine))},
        "gflop_a_text": gflop_a_text(texts),
    }


def our_encoder(precision: str) -> Callable[[list[str]], np.ndarray]:
    encoder = Encoder(WEIGHTS, EncoderConfig(precision=precision))

    def encoded(texts: list[str]) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            return np.load(encode(encoder, texts, Path(folder)))

    return encoded


def sentence_transformers() -> Callable[[list[str]], np.ndarray]:
    model = SentenceTransformer(str(WEIGHTS.folder))
    return lambda texts: model.encode(texts, show_progress_bar=False)


def book() -> Callable[[list[str]], np.ndarray]:
    """The book's loop: all padded to the longest text, batches of 1,000, float32."""
    tokenizer, model = AutoTokenizer.from_pretrained(WEIGHTS.folder), AutoModel.from_pretrained(WEIGHTS.folder)

    def encoded(texts: list[str]) -> np.ndarray:
        tokens = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        parts = []
        for start in range(0, len(texts), 1000):
            with torch.no_grad():
                hidden = model(**{k: v[start : start + 1000] for k, v in tokens.items()}).last_hidden_state
            parts.append(hidden[:, 0].numpy())
        return np.concatenate(parts)

    return encoded


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def gflop_a_text(texts: list[str]) -> float:
    """Floating-point operations in the matrix products of one text, without padding, in 10⁹; the mean."""
    config = AutoModel.from_pretrained(WEIGHTS.folder).config
    lengths = [len(ids) for ids in AutoTokenizer.from_pretrained(WEIGHTS.folder)(texts, truncation=True)["input_ids"]]
    d, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    tokens = np.array(lengths, dtype=float)
    return float(np.mean(layers * (tokens * (8 * d * d + 4 * d * inner) + 4 * tokens**2 * d)) / 1e9)


# -- fine-tuning ------------------------------------------------------------------------------------------------


def finetuning(name, fit, texts, labels, names, test_texts, test_labels, seed, epochs) -> dict[str, float]:
    """Seconds of the training alone, texts a second, and weighted F1 on the validation split."""
    seconds, predicted = fit(texts, labels, names, list(test_texts), seed, epochs)
    f1 = float(f1_score(test_labels, predicted, average="weighted"))
    rate = len(texts) * epochs / seconds
    print(name, len(texts), seed, f"{rate:.0f} texts/s, weighted F1 {f1:.4f}", flush=True)
    return {"seconds": seconds, "texts_a_second": rate, "weighted_f1": f1}


def ours(precision, texts, labels, names, test_texts, seed, epochs) -> tuple[float, np.ndarray]:
    model = Finetuned(WEIGHTS, FinetunedConfig(epochs=epochs, precision=precision), names)
    start = time.perf_counter()
    model.fit(texts, labels, seed)
    return time.perf_counter() - start, model.predict_proba(test_texts).argmax(1)


def trainer(texts, labels, names, test_texts, seed, epochs) -> tuple[float, np.ndarray]:
    """Trainer as it comes, at our batch size, epochs, learning rate and warm-up."""
    config = FinetunedConfig()
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS.folder)
    model = AutoModelForSequenceClassification.from_pretrained(WEIGHTS.folder, num_labels=len(names))

    def tokens(part: list[str], codes: np.ndarray) -> Dataset:
        return Dataset.from_dict({**tokenizer(part, truncation=True, max_length=config.max_length), "labels": codes})

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        training = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=epochs,
                per_device_train_batch_size=config.batch_size,
                learning_rate=config.learning_rate,
                warmup_steps=config.warmup,
                seed=seed,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
            train_dataset=tokens(texts, labels),
            data_collator=DataCollatorWithPadding(tokenizer),
        )
        training.train()
        seconds = time.perf_counter() - start
        logits = training.predict(tokens(test_texts, np.zeros(len(test_texts), np.int32))).predictions
    return seconds, logits.argmax(1)


if __name__ == "__main__":
    main()
