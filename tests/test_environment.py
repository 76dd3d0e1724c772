"""What a manifest says of where a run was made."""

import json
import os
import re

import pytest
import torch

from auditor.environment import describe_machine, describe_versions


def test_this_machine_can_be_described():
    found = describe_machine(torch.device("cpu"))
    assert found["device"] == "cpu"
    assert found["precision"] in ("bfloat16", "float32")
    assert found["threads"] == torch.get_num_threads()
    assert json.loads(json.dumps(found)) == found


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **options: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU of {device}")
    found = describe_machine(torch.device("cuda"))
    assert (found["device"], found["gpu"]) == ("cuda", "GPU of cuda")
    assert "gpu" not in describe_machine(torch.device("cpu"))


def test_the_processors_instructions_are_named_and_match_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    def described(**has: bool) -> tuple[str | int, str | int]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
        found = describe_machine(torch.device("cpu"))
        return found["instructions"], found["precision"]

    assert described(avx2=True, avx512_f=True, amx_bf16=True) == ("avx2, avx512_f, amx_bf16", "bfloat16")
    assert described(avx2=True, avx512_f=False, sse=True) == ("avx2", "float32")
    assert described() == ("unknown", "float32")


def test_the_libraries_that_multiply_matrices_are_named_with_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    found = str(describe_machine(torch.device("cpu"))["matrix_libraries"])
    if torch.backends.mkldnn.is_available():
        assert re.search(r"MKL-DNN \d+\.\d+", found)
    assert re.search(r"(openblas|mkl|blis|flexiblas) \d+\.\d", found, re.IGNORECASE)  # numpy's
    assert os.sep not in found  # no path of this machine
    monkeypatch.setattr("auditor.environment.threadpool_info", list)
    monkeypatch.setattr(torch.__config__, "show", str)
    assert describe_machine(torch.device("cpu"))["matrix_libraries"] == "unknown"


def test_versions_of_what_results_depend_on() -> None:
    found = describe_versions()
    assert found["torch"] == torch.__version__ or found["torch"] == torch.__version__.split("+")[0]
    assert {"python", "scikit-learn", "transformers", "cleanlab"} <= set(found)
