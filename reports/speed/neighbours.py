"""Compare ways to find the nearest texts of many rows: seconds, memory and recall, in neighbours.json.

    pip install faiss-cpu==1.15.1 usearch==2.26.6
    python reports/speed/neighbours.py VECTORS [--rows N]    # the file vectors.npy of a run, such as that of large.py

Each way finds the 25 nearest rows of every row, in a process of its own: PyNNDescent and usearch with one thread, as
their results depend on the order of work, faiss and the exact search with all cores. Recall is the share of the 20
nearest rows that were found, over 1,000 rows. Recorded measurements are not repeated: delete neighbours.json to start
over.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.detection import nearest, recall

HERE = Path(__file__).parent
RESULTS = HERE / "neighbours.json"
WANTED, COMPARED = 25, 20
CELLS, PROBES = 1_024, 32
Index = npt.NDArray[np.integer[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    vectors = unit(arguments.vectors, arguments.rows)
    if arguments.way:
        start = time.perf_counter()
        found = WAYS[arguments.way](vectors)
        seconds = time.perf_counter() - start
        arguments.out.write_text(
            json.dumps({"seconds": round(seconds, 1), "recall": round(checked(vectors, found), 4)})
        )
        return
    from memory import timed

    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for way in WAYS:
        key = f"{way}, {arguments.rows} rows"
        if key not in results:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "found.json"
                cost = timed(
                    __file__, str(arguments.vectors), *("--rows", str(arguments.rows)), "--way", way, "--out", str(out)
                )
                results[key] = json.loads(out.read_text()) | {"mib": cost["mib"]}
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        print(key, results[key], flush=True)


def unit(file: Path, rows: int) -> npt.NDArray[np.float32]:
    vectors = np.array(np.load(file, mmap_mode="r")[:rows])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def checked(vectors: npt.NDArray[np.float32], found: Index) -> float:
    """Measure the recall; a row is no neighbour of itself."""
    own = found == np.arange(len(found))[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :COMPARED]
    return recall(vectors, np.take_along_axis(found, order, 1).astype(np.int32), seed=0)


def exact(vectors: npt.NDArray[np.float32]) -> Index:
    return nearest(vectors, WANTED, len(vectors), 0)[0]


def pynndescent(vectors: npt.NDArray[np.float32]) -> Index:
    return nearest(vectors, WANTED, 0, 0)[0]


def faiss_cells(vectors: npt.NDArray[np.float32], *, eight_bits: bool = False) -> Index:
    import faiss

    width, metric = vectors.shape[1], faiss.METRIC_INNER_PRODUCT
    coarse = faiss.IndexFlatIP(width)
    if eight_bits:
        index = faiss.IndexIVFScalarQuantizer(coarse, width, CELLS, faiss.ScalarQuantizer.QT_8bit, metric)
    else:
        index = faiss.IndexIVFFlat(coarse, width, CELLS, metric)
    index.cp.niter, index.cp.max_points_per_centroid, index.nprobe = 8, 64, PROBES
    index.train(vectors)
    index.add(vectors)
    found: Index = index.search(vectors, WANTED + 1)[1]
    return found


def usearch(vectors: npt.NDArray[np.float32]) -> Index:
    from usearch.index import Index as Graph

    graph = Graph(ndim=vectors.shape[1], metric="ip", dtype="f16")
    graph.add(np.arange(len(vectors)), vectors, threads=1)
    return graph.search(vectors, WANTED + 1, threads=1).keys.astype(np.int64)


WAYS: dict[str, Callable[[npt.NDArray[np.float32]], Index]] = {
    "exact": exact,
    "PyNNDescent": pynndescent,
    f"faiss IVF, {PROBES} of {CELLS} cells": faiss_cells,
    f"faiss IVF SQ8, {PROBES} of {CELLS} cells": lambda vectors: faiss_cells(vectors, eight_bits=True),
    "usearch, float16": usearch,
}

if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
