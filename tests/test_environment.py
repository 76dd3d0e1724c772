"""What a manifest says of where a run was made."""

import json

import torch

from auditor.environment import describe_machine, describe_versions


def test_this_machine_can_be_described():
    found = describe_machine(torch.device("cpu"))
    assert found["device"] == "cpu"
    assert found["precision"] in ("bfloat16", "float32")
    assert found["threads"] == torch.get_num_threads()
    assert json.loads(json.dumps(found)) == found


def test_versions_of_what_results_depend_on() -> None:
    found = describe_versions()
    assert found["torch"] == torch.__version__ or found["torch"] == torch.__version__.split("+")[0]
    assert {"python", "scikit-learn", "transformers", "cleanlab"} <= set(found)
