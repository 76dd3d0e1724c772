"""A whole audit with what its user brings: probabilities, a classifier, a signal; and all that can go wrong."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

import auditor
from auditor.config import AuditConfig, DetectionConfig, EncoderConfig, short_name
from auditor.console import Silent
from auditor.correction.push.facts import gather
from auditor.data import sample
from auditor.errors import InputError, OwnCodeError
from auditor.review.view.items import Items
from auditor.review.view.orders import Orders
from auditor.run import Run
from auditor.signals import Inputs, signals_for
from auditor.signals.own import _TAKEN

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_pictures")]

Invoke = Callable[..., tuple[int, str, str]]
WRONG = "<script>alert(1)</script>"


def bayes() -> Any:
    return make_pipeline(CountVectorizer(), MultinomialNB())


class OnVectors(LogisticRegression):  # type: ignore[misc]
    takes = "vectors"


class Shouted:
    name = "shouted"
    needs = frozenset({"texts", "label_names"})

    def __call__(self, texts: Any, label_names: Any) -> Any:
        assert label_names == ("anger", "joy")
        return np.array(["!" in text for text in texts], dtype=np.float32)

    def explain(self, row: int, texts: Any, label_names: Any) -> str:
        return f"{WRONG} shouts: {texts[row].count('!')}."


class Fails(OnVectors):
    def fit(self, texts: Any, labels: Any) -> Any:
        raise RuntimeError("\x1b[31mout of luck")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    written = sample.written()
    picked = pd.concat([written[written["label"] == label].head(30) for label in ("joy", "anger")])
    picked.iloc[0, picked.columns.get_loc("text")] = "I shout! So loud!"  # type: ignore[index]
    return picked[["text", "label"]].reset_index(drop=True)


def config(model: Path, *models: Any, **options: Any) -> AuditConfig:
    return AuditConfig(
        models=models,
        folds=3,
        cheap_repeats=1,
        encoder=EncoderConfig(name=str(model)),
        detection=DetectionConfig(map_neighbours=5),
        device="cpu",
        **options,
    )


def chances(frame: pd.DataFrame, seed: int = 0) -> np.ndarray[Any, Any]:
    """Mostly right, in the order of the labels: anger, joy."""
    right = (frame["label"] == "joy").to_numpy().astype(int)
    noise = np.random.default_rng(seed).dirichlet(np.ones(2), len(frame))
    return (0.6 * np.eye(2)[right] + 0.4 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def audited(frame: pd.DataFrame, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> auditor.Audit:
    settings = config(tiny_model, bayes, "lexical", OnVectors, signals=(Shouted,))
    given = {"bert-base": chances(frame)}
    return auditor.audit(frame, config=settings, probabilities=given, out=tmp_path_factory.mktemp("run"))


NAMES = ("lexical", "bayes", "on_vectors", "bert-base")


def test_each_is_one_more_model_out_of_fold(audited: auditor.Audit, frame: pd.DataFrame) -> None:
    folds, labels = np.load(audited.directory / "folds.npy"), audited.texts.labels
    found = {name: np.load(audited.directory / f"probabilities/{name}.npy") for name in (*NAMES, "consensus")}
    for fold in range(3):
        train, held = folds != fold, np.flatnonzero(folds == fold)
        model = bayes().fit(frame["text"][train], labels[train])
        np.testing.assert_allclose(found["bayes"][held], model.predict_proba(frame["text"][held]), atol=1e-6)
    np.testing.assert_allclose(found["bert-base"], chances(frame), atol=1e-6)
    about = json.loads((audited.directory / "consensus.json").read_text("utf-8"))
    assert {*about["weights"]} == {*NAMES, "neighbours"}, "each has a say in the consensus"
    assert not any(np.allclose(found["consensus"], found[name], atol=0.01) for name in NAMES)
    assert set(audited.scores) == {"dummy", *NAMES, "consensus"}
    assert audited.issues.columns.isin([f"loss_{name}" for name in NAMES]).sum() == 4


def test_the_signal_is_a_column_and_speaks_of_what_it_suspects(audited: auditor.Audit) -> None:
    signals = pq.read_table(audited.directory / "signals.parquet")
    issues = pq.read_table(audited.directory / "issues.parquet")
    assert issues["shouted"].equals(signals["shouted"])
    assert issues["shouted"][0].as_py() == 1
    for shouted, reasons in zip(issues["shouted"].to_pylist(), issues["reasons"].to_pylist(), strict=True):
        assert any("shouts" in reason for reason in reasons) == (shouted == 1)
    assert f"{WRONG} shouts: 2." in issues["reasons"][0].as_py()


def test_no_signal_can_take_the_name_of_a_column(audited: auditor.Audit) -> None:
    measured = {signal.name for signal in signals_for(NAMES, ("a", "b"), Inputs.__annotations__)}
    others = {name for name in audited.issues.columns if not name.startswith("probability_given_")}
    assert others - measured - {"shouted"} == _TAKEN


def test_the_report_shows_them_in_order_and_escaped(audited: auditor.Audit) -> None:
    page = (audited.directory / "report.html").read_text("utf-8")
    assert "<script" not in page.lower()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; shouts: 2." in page
    scores = page[page.index('id="models"') :]
    rows = [
        scores.index(f'<th scope="row">{name}') for name in ("dummy", "lexical", "bayes", "on_vectors", "bert-base")
    ]
    assert rows == sorted(rows)
    assert f"a custom classifier, {__name__}:bayes" in page
    assert "probabilities made elsewhere" in page
    assert "models/bayes" in page
    assert "(3 folds)" in page


def test_reviewing_and_the_card_know_them(audited: auditor.Audit) -> None:
    items = Items.of(audited.run)
    assert items.models == ("consensus", "bayes", "lexical", "on_vectors", "bert-base")
    assert len(Orders(items).of("loss:bert-base")) == 60

    about = gather(audited.run, audited.corrections()).models
    assert about["bayes"] == f"a custom classifier, `{__name__}:bayes`"
    assert about["bert-base"] == "probabilities made elsewhere"


def test_the_manifest_holds_names_and_no_paths(audited: auditor.Audit) -> None:
    settings = audited.run.config
    assert settings.models == (f"{__name__}:bayes", "lexical", f"{__name__}:OnVectors")
    assert settings.probabilities == ("bert-base",)
    stages = audited.run.manifest.stages
    assert {"models/bayes/fold-2", "models/on_vectors", "models/bert-base"} <= set(stages)
    assert "vectors.npy" in stages["models/on_vectors/fold-0"].inputs
    assert "vectors.npy" not in stages["models/bayes/fold-0"].inputs


def test_what_has_changed_is_made_again_and_nothing_else(
    frame: pd.DataFrame, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    code = tmp_path / "zeta.py"
    head = f"from {__name__} import MultinomialNB, CountVectorizer, make_pipeline, Shouted\n"
    code.write_text(head + "def model(): return make_pipeline(CountVectorizer(), MultinomialNB())\n")
    np.save(tmp_path / "tf.npy", chances(frame))
    settings = config(tiny_model, "lexical", "zeta:model")

    def made_again(**options: Any) -> set[str]:
        sys.modules.pop("zeta", None)
        before = Run(tmp_path / "run").manifest.stages
        audit = auditor.audit(
            frame, config=settings, probabilities=tmp_path / "tf.npy", out=tmp_path / "run", **options
        )
        return {name for name, stage in audit.run.manifest.stages.items() if stage != before.get(name)}

    made_again()
    assert made_again() == set()
    np.save(tmp_path / "tf.npy", chances(frame, seed=1))
    assert made_again() == {"models/tf", "consensus", "detect"}
    code.write_text(head + "def model(): return make_pipeline(CountVectorizer(binary=True), MultinomialNB())\n")
    assert made_again() == {*(f"models/model/fold-{fold}" for fold in range(3)), "models/model", "consensus", "detect"}
    assert made_again(signals=("zeta:Shouted",)) == {"detect"}
    code.write_text(code.read_text("utf-8") + "\n")
    assert "detect" in made_again(signals=("zeta:Shouted",))


def test_a_name_may_be_a_classifier_now_and_probabilities_then(
    frame: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    """The name of another stage will do as well."""
    for _ in range(2):
        auditor.audit(frame, config=config(tiny_model, bayes), out=tmp_path)
        given = {"bayes": chances(frame), "detect": chances(frame), "read": chances(frame)}
        audit = auditor.audit(frame, config=config(tiny_model), probabilities=given, out=tmp_path)
        np.testing.assert_allclose(np.load(audit.run.open("probabilities/bayes.npy")), chances(frame), atol=1e-6)
        assert set(audit.scores) == {"dummy", *given, "consensus"}


def test_rows_that_are_not_audited_are_not_judged(frame: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    lines = [f"{text};{label}\n" for text, label in zip(frame["text"], frame["label"], strict=True)]
    (tmp_path / "train.txt").write_text("".join(lines[::2]), "utf-8")
    (tmp_path / "val.txt").write_text("".join(lines[1::2]), "utf-8")
    settings = config(tiny_model, train_on=("train",), audit=("val",))
    both = pd.concat([frame[::2], frame[1::2]])
    audit = auditor.audit(
        [tmp_path / "train.txt", tmp_path / "val.txt"],
        config=settings,
        probabilities={"bert": chances(both)},
        out=tmp_path / "run",
    )
    judged = ~np.isnan(np.load(audit.directory / "probabilities/bert.npy")).any(axis=1)
    assert judged.tolist() == [False] * 30 + [True] * 30
    assert audit.health["judged"] == audit.scores["bert"]["rows"] == 30


def test_doubts_are_told(frame: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    notes: list[str] = []

    class Heard(Silent):
        def note(self, text: str) -> None:
            notes.append(text)

    mixed = 1 - chances(frame)
    auditor.audit(frame, config=config(tiny_model), probabilities={"bert": mixed}, out=tmp_path, listener=Heard())
    assert any("bert agrees with" in note and "anger, joy?" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("features", "features"),
        ("mine:Bayes", "bayes"),
        ("my.pack_age.mod:MyTFIDFModel2", "my_tfidf_model2"),
        ("mine:_hidden", "hidden"),
        ("mine:Outer.InnerOne", "inner_one"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": ("mine:Bayes", "yours:Bayes")}, "The model name 'bayes' is taken"),
        ({"models": ("mine:Dummy",)}, "taken, by another model or by auditor itself"),
        ({"models": ("lexical", "mine:Features")}, "taken, by another model or by auditor itself"),
        ({"models": ("mine:_",)}, "is not a valid model name"),
        ({"models": ("../mine:Bayes",)}, "no model '../mine:Bayes'"),
        ({"models": ("mine:Bayes()",)}, "no model"),
        ({"models": (lambda: None,)}, "no model"),
        ({"signals": ("short",)}, "'short' is not a signal"),
        ({"models": ("lexical",), "probabilities": ("../../etc",)}, "is not a valid model name"),
        ({"probabilities": ("<b>bert</b>",)}, "is not a valid model name"),
        ({"probabilities": ("a/b",)}, "is not a valid model name"),
        ({"probabilities": ("",)}, "is not a valid model name"),
        ({"probabilities": ("bert\n",)}, "is not a valid model name"),
        ({"probabilities": ("x" * 41,)}, "is not a valid model name"),
        ({"probabilities": ("Consensus",)}, "taken, by another model or by auditor itself"),
        ({"probabilities": ("lexical",)}, "The model name 'lexical' is taken"),
        ({"models": ("mine:Bert",), "probabilities": ("BERT",)}, "The model name 'BERT' is taken"),
    ],
)
def test_names_are_clean_and_each_is_one_models(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        AuditConfig(**options)
    with pytest.raises(InputError, match=said):
        AuditConfig().updated(**options)


def test_without_a_model_and_probabilities_nothing_can_be_judged(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither models nor probabilities to judge the labels by"):
        auditor.audit(frame, models=(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_is_wrong_is_told_before_anything_long(frame: pd.DataFrame, tmp_path: Path) -> None:
    """The encoder is not there either, and is not looked for."""
    for options in (
        {"models": ("nowhere_at_all:Model",)},
        {"models": (Shouted,)},
        {"signals": (OnVectors,)},
        {"probabilities": {"bert": chances(frame)[:7]}},
        {"probabilities": tmp_path / "nothing.npy"},
    ):
        with pytest.raises((InputError, OwnCodeError)):
            auditor.audit(frame, config=config(tmp_path / "nothing", "lexical"), out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


# -- the command line -----------------------------------------------------------------------------------------------


@pytest.fixture
def here(invoke: Invoke, frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with tweets.csv, bert.npy, and a module that nobody has imported."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.setattr(sys, "modules", {name: one for name, one in sys.modules.items() if name != "brought"})
    frame.to_csv(tmp_path / "tweets.csv", index=False)
    np.save(tmp_path / "bert.npy", chances(frame))
    (tmp_path / "brought.py").write_text(f"from {__name__} import bayes, Shouted, Fails\nnumber = 3\n", "utf-8")
    return tmp_path


def test_run_with_all_of_them(invoke: Invoke, here: Path, tiny_model: Path) -> None:
    words = ["run", "tweets.csv", "--encoder", tiny_model, "--folds", 2, "--device", "cpu", "--json"]
    code, out, err = invoke(
        *words, "--models", "brought:bayes, lexical", "--signal", "brought:Shouted", "--probabilities", "bert.npy"
    )
    assert code == 0, err
    assert set(json.loads(out)["scores"]) == {"dummy", "lexical", "bayes", "bert", "consensus"}
    code, out, err = invoke(*words, "--models", "none", "--probabilities", "bert.npy", "--out", "alone")
    assert code == 0, err
    assert set(json.loads(out)["scores"]) == {"dummy", "bert", "consensus"}
    assert not (here / "alone" / "dynamics").exists()

    code, _, err = invoke("retrain", "alone")
    assert code != 0
    assert "\n→ " in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--models", "none"], 3, "neither models nor probabilities to judge the labels by"),
        (["--models", "lexical,magic"], 2, "'magic'"),
        (["--models", "feat"], 2, "your own as module:Name"),
        (["--models", "none,lexical"], 2, "'none'"),
        (["--models", "absent:Model"], 9, "There is no module absent"),
        (["--models", "brought:Absent"], 9, "The module brought (brought.py) has no Absent"),
        (["--models", "brought:number"], 9, "brought:number is of type int"),
        (["--models", "brought:Shouted"], 9, "has no method fit"),
        (["--signal", "brought:bayes"], 9, "not a signal"),
        (["--signal", "brought"], 2, "'brought' is not a signal"),
        (["--probabilities", "absent.npy"], 3, "absent.npy does not exist"),
        (["--probabilities", "tweets.csv"], 3, "2 labels: anger, joy"),
        (["--probabilities", "brought.py"], 3, "unknown format"),
        (["--probabilities", "bert.npy", "--probabilities", "./bert.npy"], 3, "Two files"),
    ],
)
def test_wrong_words_are_told(invoke: Invoke, here: Path, words: list[str], code: int, said: str) -> None:
    got, out, err = invoke("run", "tweets.csv", *words)
    assert (got, out) == (code, "")
    what, todo = err.splitlines()[-2:]
    assert said in what + todo
    assert what.startswith("Error: ")
    assert todo.startswith("→ ")
    assert not (here / "reports").exists()


def test_what_a_classifier_raises_is_one_line_and_a_traceback_when_asked(
    invoke: Invoke, here: Path, tiny_model: Path
) -> None:
    words = ["run", "tweets.csv", "--encoder", tiny_model, "--folds", 2, "--models", "brought:Fails"]
    code, _, err = invoke(*words)
    assert code == 9
    assert "Error: brought:Fails raised RuntimeError:  [31mout of luck, at " in err
    assert "\x1b" not in err
    assert "raise RuntimeError" not in err
    try:
        _, _, err = invoke(*words, "-v")
    finally:
        logging.getLogger("auditor").setLevel(logging.NOTSET)
    assert "raise RuntimeError" in err
    assert "\x1b" not in err


def test_a_run_of_own_models_alone_is_not_retrained(audited: auditor.Audit) -> None:

    from auditor.retraining import to_retrain

    settings = audited.run.config
    assert to_retrain((), settings, Silent()) == ("lexical",)
    assert to_retrain(("features", "lexical"), settings, Silent()) == ("features", "lexical")
    for wanted in (("bayes",), (f"{__name__}:bayes",), ("lexical", "bert-base")):
        with pytest.raises(InputError, match="cannot be retrained"):
            to_retrain(wanted, settings, Silent())
    with pytest.raises(InputError, match="bert cannot be retrained"):
        to_retrain((), AuditConfig(models=(), probabilities=("bert",)), Silent())
