"""What Numba compiles of UMAP and PyNNDescent is kept for the next process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pynndescent.pynndescent_
import pytest
import umap.umap_
from numba.core.caching import NullCache

from auditor.config import DetectionConfig
from auditor.detection.neighbours.compiled import keep_compiled
from auditor.detection.neighbours.layout import make_map

ROOT = Path(__file__).parents[3]
COMPILED_ANEW = """
import warnings; warnings.simplefilter("ignore")
import numpy as np, umap.umap_, umap.utils
from auditor.config import DetectionConfig
from auditor.detection.neighbours.layout import make_map
make_map(np.random.default_rng(0).normal(size=(60, 8)).astype("f4"), DetectionConfig(), 0)
functions = umap.utils.fast_knn_indices, umap.umap_.smooth_knn_dist, umap.umap_.compute_membership_strengths
print(sum(sum(function.stats.cache_misses.values()) for function in functions))
"""


@pytest.mark.slow
def test_a_second_process_compiles_no_map_anew() -> None:
    make_map(np.random.default_rng(0).normal(size=(60, 8)).astype("f4"), DetectionConfig(), 0)
    done = subprocess.run([sys.executable, "-c", COMPILED_ANEW], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "0\n", done.stderr


def test_functions_that_take_a_function_are_not_kept() -> None:
    keep_compiled("pynndescent")
    assert isinstance(pynndescent.pynndescent_.nn_descent._cache, NullCache)
    assert not isinstance(umap.umap_.smooth_knn_dist._cache, NullCache)
