"""A whole audit, through the public names, with a tiny model."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

import auditor
from auditor.config import AuditConfig, DetectionConfig, EncoderConfig, FinetunedConfig, LexicalConfig, ReadConfig
from auditor.console import Silent
from auditor.data import LabeledTexts, sample
from auditor.detection.neighbours import neighbours as search
from auditor.errors import AuditorError, InputError, ModelError, RunHeldError, RunMismatchError
from auditor.review.view.items import Items
from auditor.run import Run
from auditor.run.artifacts import STATES
from auditor.signals import OF_A_RUN
from tests.forks import Forks

pytestmark = pytest.mark.slow
CONTRACT = ["id", "split", "text", "given_label", "predicted_label", "suggested_label", "suspicion", "rank", "is_issue"]

REPEATED = {"repeats": 2, "cheap_repeats": 3}


def configured(model: Path, **options: Any) -> AuditConfig:
    """An audit that takes seconds: a tiny model, few folds, no repeats."""
    return AuditConfig(
        folds=3,
        cheap_repeats=1,
        encoder=EncoderConfig(name=str(model)),
        finetuned=FinetunedConfig(base_model=str(model), epochs=2),
        lexical=LexicalConfig(strengths=(1.0, 10.0)),
        detection=DetectionConfig(map_neighbours=5),
        device="cpu",
    ).model_copy(update=options)


@pytest.fixture(scope="module")
def messages() -> pd.DataFrame:
    frame, _ = sample.load()
    return frame[frame["label"].isin(["joy", "sadness", "anger"])].head(120).reset_index(drop=True)


class Reader(Silent):
    """Opens the run as soon as it is ranked, and keeps what it finds."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.found = directory, dict[str, Any]()

    def note(self, text: str) -> None:
        if text.startswith("Ranked by features and lexical so far."):
            audit = auditor.Audit(self.directory)
            self.found = {
                "issues": audit.issues,
                "unfinished": audit.unfinished,
                "models": audit.run.config.pooled,
                "page": Items.of(audit.run).models,
            }
            for open_again in (audit.report, audit.retrain):
                with pytest.raises(RunHeldError):
                    open_again()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def audited(messages: pd.DataFrame, tiny_model: Path, reader: Reader) -> auditor.Audit:
    """All models and signals: the quick models are trained three times, the fine-tuned one twice."""
    config = configured(tiny_model, **REPEATED)
    return auditor.audit(messages, "text", "label", config=config, out=reader.directory, listener=reader)


def test_the_ranking_can_be_read_while_the_fine_tuning_runs(audited: auditor.Audit, reader: Reader) -> None:
    early = reader.found
    assert early["models"] == ("features", "lexical")
    assert early["page"] == ("consensus", "features", "lexical")
    assert early["unfinished"].endswith("rests on these models: features, lexical.")
    assert "loss_lexical" in early["issues"]
    assert "loss_finetuned" not in early["issues"]
    assert len(early["issues"]) == 120
    assert audited.unfinished is None
    assert audited.run.config.pooled == ("features", "lexical", "finetuned")
    assert "loss_finetuned" in audited.issues


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the report, of which a test shows nothing and whose pictures take as long as a small audit."""
    monkeypatch.setattr("auditor.report.write_report", lambda directory: directory / "report.html")


def test_issues_has_one_row_a_text_worst_first(audited: auditor.Audit, messages: pd.DataFrame) -> None:
    issues = audited.issues
    assert list(issues.columns[: len(CONTRACT)]) == CONTRACT
    assert len(issues) == len(messages)
    assert issues["rank"].tolist() == list(range(1, len(issues) + 1))
    assert issues["suspicion"].is_monotonic_decreasing
    assert sorted(issues["text"]) == sorted(messages["text"])
    assert (issues["given_label"] != issues["suggested_label"]).all()
    for name in ("features", "lexical", "finetuned"):
        loss, given = issues[f"loss_{name}"], issues[f"probability_given_{name}"]
        np.testing.assert_allclose(loss, -np.log(np.maximum(given, 1e-6)), atol=1e-4)


def test_probabilities_are_out_of_fold_and_stored_for_each_model(audited: auditor.Audit) -> None:
    folds = np.load(audited.directory / "folds.npy")
    for name in ("dummy", "features", "lexical", "finetuned", "consensus"):
        p = np.load(audited.directory / "probabilities" / f"{name}.npy")
        assert p.shape == (120, 3)
        np.testing.assert_allclose(p.sum(1), 1, atol=1e-4)
    for fold in range(3):
        held = np.load(audited.directory / f"dynamics/finetuned/fold-{fold}.held_out.npy")
        train = np.load(audited.directory / f"dynamics/finetuned/fold-{fold}.train.npy")
        assert held.shape == (2, (folds == fold).sum(), 3)
        assert train.shape == (2, (folds != fold).sum(), 3)
        assert np.isfinite(train).all()


def test_every_signal_is_measured_and_stands_beside_the_issues(audited: auditor.Audit) -> None:
    signals = pq.read_table(audited.directory / "signals.parquet")
    measured = {*OF_A_RUN} - {"annotators"}  # there are no votes
    assert set(signals.column_names) >= {*measured, "loss_finetuned", "margin_lexical"}
    issues = pq.read_table(audited.directory / "issues.parquet")
    for name in measured:
        assert issues[name].equals(signals[name])
    for name in ("self_confidence", "neighbour_vote", "aum", "forgetting", "disagreement"):
        assert signals[name].null_count == 0


@pytest.mark.usefixtures("no_report")
def test_a_text_with_two_labels_is_reported_as_a_pair(messages: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    others = {*messages["label"]} - {messages["label"].iloc[0]}
    frame = pd.concat([messages, messages.head(1).assign(label=min(others))])
    audit = auditor.audit(frame, config=configured(tiny_model, models=("lexical",)), out=tmp_path)
    (pair,) = pq.read_table(tmp_path / "conflicts.parquet").to_pylist()
    assert pair["identical"]
    assert not pair["across_splits"]
    assert {*audit.issues.loc[audit.issues["duplicate_conflict"] == 1, "id"]} == {pair["first_id"], pair["second_id"]}
    assert "aum" not in audit.issues.columns, "no model of this run keeps its epochs"


def test_health_counts_what_is_flagged(audited: auditor.Audit) -> None:
    flagged = audited.issues[audited.issues["is_issue"]]
    assert audited.health["issues"] == len(flagged)
    counted = flagged.groupby(["given_label", "suggested_label"]).size().to_dict()
    assert {(c["given"], c["suggested"]): c["rows"] for c in audited.health["confusions"]} == counted
    assert sum(entry["rows"] for entry in audited.health["classes"]) == 120


def test_the_manifest_says_how_it_was_made(audited: auditor.Audit) -> None:
    manifest = json.loads((audited.directory / "manifest.json").read_text("utf-8"))
    assert manifest["finished"] is True
    assert manifest["config"]["folds"] == 3
    assert {"python", "torch", "tokenizers", "datasketch", "pynndescent"} <= set(manifest["versions"])
    assert manifest["dataset"]["rows"] == 120
    for stage in manifest["stages"].values():
        assert stage["seconds"] >= 0
        assert all(len(digest) == 64 for digest in stage["outputs"].values())
    assert {"read", "duplicates", "folds", "encode", "finetuned/fold-2", "detect"} <= set(manifest["stages"])


def test_the_report_is_made_and_made_again(audited: auditor.Audit) -> None:
    page = audited.directory / "report.html"
    assert "<html" in page.read_text("utf-8")
    page.unlink()
    assert audited.report() == page
    assert page.is_file()


def test_repeats_are_trained_on_folds_of_their_own(audited: auditor.Audit) -> None:
    folds = [np.load(audited.directory / name) for name in ("folds.npy", "repeat-1/folds.npy", "repeat-2/folds.npy")]
    assert not any(np.array_equal(folds[one], folds[other]) for one, other in ((0, 1), (0, 2), (1, 2)))
    kept = {
        path.relative_to(audited.directory / "probabilities").as_posix().removesuffix(".npy")
        for path in (audited.directory / "probabilities").glob("repeat-*/*.npy")
    }
    quick, all_three = ("features", "lexical", "consensus"), ("features", "lexical", "finetuned", "consensus")
    repeats = (
        "repeat-0/consensus",
        *(f"repeat-1/{name}" for name in all_three),
        *(f"repeat-2/{name}" for name in quick),
    )
    assert kept == {*repeats}
    for name in repeats:
        model = np.load(audited.directory / "probabilities" / f"{name}.npy")
        np.testing.assert_allclose(model.sum(axis=1), 1, atol=1e-4)
        first = np.load(audited.directory / "probabilities" / f"{name.split('/')[1]}.npy")
        assert not np.allclose(model, first)
    seeds = {name: stage.parameters["seed"] for name, stage in audited.run.manifest.stages.items() if "/fold-" in name}
    assert seeds["finetuned/fold-2"] == 2
    assert seeds["repeat-1/finetuned/fold-2"] == 1002
    assert (audited.directory / "dynamics/repeat-1/finetuned/fold-2.held_out.npy").is_file()


def test_repeats_say_how_stable_a_flag_is(audited: auditor.Audit) -> None:
    issues = audited.issues
    assert {0, 3} < {*(issues["stability"] * 3).round(5)} <= {0, 1, 2, 3}
    assert issues["stability"].corr(issues["is_issue"].astype(float)) > 0.4
    assert issues["tier"][issues["is_issue"]].isin(["high", "medium"]).all()
    assert (issues["tier"][~issues["is_issue"]].dropna() == "low").all()
    assert issues["kind"][issues["is_issue"]].notna().all()


def test_how_far_each_expert_is_trusted_is_written(audited: auditor.Audit) -> None:
    about = json.loads((audited.directory / "consensus.json").read_text("utf-8"))
    neighbours = {"neighbours", "neighbours by the fine-tuned model"}
    assert {*about["weights"]} == {"features", "lexical", "finetuned", "finetuned, earlier epochs", *neighbours}
    assert min(about["weights"].values()) >= 0 < max(about["weights"].values())
    assert {*about["shares"]} == {"joy", "sadness", "anger"}
    assert sum(about["shares"].values()) == pytest.approx(1)
    assert isinstance(json.loads((audited.directory / "definitions.json").read_text("utf-8")), list)


@pytest.mark.usefixtures("no_report")
def test_more_repeats_are_added_to_those_that_are_there(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    config = configured(tiny_model, models=("lexical",))
    alone = auditor.audit(messages, config=config, out=tmp_path)
    assert alone.issues["stability"].isna().all()
    assert (alone.issues["tier"].dropna() == "medium").all()
    assert "seed_disagreement" not in alone.issues
    before = alone.run.manifest.stages
    after = auditor.audit(messages, config=config, out=tmp_path, repeats=2).run.manifest.stages
    changed = {name for name, stage in after.items() if stage != before.get(name)}
    assert {name for name in changed if "fold-" not in name} == {
        "consensus", "detect", "repeat-1/folds", "repeat-1/lexical"
    }  # fmt: skip
    again = auditor.audit(messages, config=config, out=tmp_path)
    assert again.issues["stability"].isna().all(), "the repeats that lie there do not count"


@pytest.mark.usefixtures("no_report")
def test_a_second_audit_runs_no_stage_again(
    audited: auditor.Audit, messages: pd.DataFrame, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = audited.run.manifest.stages
    monkeypatch.setattr("auditor.models.transformer.finetuned.Finetuned.fit", lambda *_: pytest.fail("trained again"))
    monkeypatch.setattr("auditor.models.logistic.Logistic.fit", lambda *_: pytest.fail("trained again"))
    config = configured(tiny_model, **REPEATED)
    again = auditor.audit(messages, "text", "label", config=config, out=audited.directory)
    assert again.run.manifest.stages == before


@pytest.mark.usefixtures("no_report")
def test_what_is_changed_decides_what_runs_again(messages: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    config = configured(tiny_model, models=("lexical",))
    mine = messages.assign(annotator="ann")

    def made_again(frame: pd.DataFrame, *columns: str, **detection: int) -> set[str]:
        changed = config.model_copy(update={"detection": DetectionConfig(map_neighbours=5, **detection)})
        before = Run(tmp_path).manifest.stages
        after = auditor.audit(frame, *columns, config=changed, out=tmp_path).run.manifest.stages
        return {name for name, stage in after.items() if stage != before[name]}

    auditor.audit(mine, config=config, out=tmp_path)
    assert made_again(mine, "text", "label") == set(), "the columns were guessed before, and rightly"
    assert made_again(mine, cluster_rows=3) == {"detect"}
    assert made_again(mine, cluster_rows=3, neighbours=4) == {"neighbours", "consensus", "detect"}
    searched = made_again(mine, cluster_rows=3, neighbours=4, exact_neighbours_to=200_000)
    assert searched >= {"neighbours", "map"}, "both search for the nearest rows"
    assert "read" in made_again(messages.assign(annotator="bob"), cluster_rows=3, neighbours=4)
    table = LabeledTexts.load(tmp_path / "dataset.parquet", tmp_path / "rejected.parquet").table
    assert set(table["original:annotator"].to_pylist()) == {"bob"}, "an export gives back what is there now"


@pytest.mark.usefixtures("no_report")
def test_another_dataset_is_refused_and_fresh_starts_over(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    config = configured(tiny_model, models=("lexical",))
    auditor.audit(messages.head(60), config=config, out=tmp_path)
    (tmp_path / "decisions.db").write_text("decisions")
    with pytest.raises(RunMismatchError, match="60 rows of frame, not the 70 rows"):
        auditor.audit(messages.head(70), config=config, out=tmp_path)
    again = auditor.audit(messages.head(70), config=config, out=tmp_path, fresh=True)
    assert len(again.issues) == 70
    assert (tmp_path / "decisions.db").read_text() == "decisions"


@pytest.mark.usefixtures("no_report")
def test_fresh_with_a_wrong_option_leaves_the_run_as_it_was(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    config = configured(tiny_model, models=("lexical",))
    auditor.audit(messages.head(60), config=config, out=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for wrong in ({"encoder": {"name": "missing/model"}}, {"train_on": ("a",), "audit": ("b",)}):
        with pytest.raises(AuditorError):
            auditor.audit(messages.head(60), config=config.updated(**wrong), out=tmp_path, fresh=True)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("no_report")
def test_frozen_layers_are_computed_once_and_only_if_a_model_is_fine_tuned_on_them(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    config = configured(tiny_model, folds=2)
    frozen = {"frozen_layers": 1}
    for models, finetuned, looked_up in (
        (("lexical",), frozen, None),
        (("lexical", "finetuned"), {}, False),
        (("lexical", "finetuned"), frozen, True),
        (("lexical", "finetuned"), {}, False),  # although the states lie there
    ):
        changed = config.updated(models=models, finetuned=finetuned)
        run = auditor.audit(messages.head(60), config=changed, out=tmp_path).run
        assert ("frozen-layers" in run.manifest.used) == bool(looked_up)
        if looked_up is not None:
            for fold in range(2):
                assert ("states.npy" in run.manifest.stages[f"finetuned/fold-{fold}"].inputs) == looked_up
    assert run.load(STATES).shape[1] == 32


@pytest.mark.usefixtures("no_report")
def test_the_same_twice_is_the_same_to_the_byte(messages: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    config, made = configured(tiny_model, folds=2, repeats=2), []
    for name in "ab":
        stages = auditor.audit(messages.head(60), config=config, out=tmp_path / name).run.manifest.stages.values()
        made.append({name: digest for stage in stages for name, digest in stage.outputs.items()})
    assert made[0] == made[1]
    assert {"consensus.json", "definitions.json", "issues.parquet", "probabilities/repeat-1/consensus.npy"} <= {
        *made[0]
    }


@pytest.mark.usefixtures("no_report")
def test_trained_on_one_split_and_audited_on_another(messages: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    config = configured(tiny_model, train_on=("train",), audit=("val",))
    parts = {"train": messages.head(90), "val": messages.tail(30)}
    data = DatasetDict({name: Dataset.from_pandas(part.reset_index(drop=True)) for name, part in parts.items()})
    audit = auditor.audit(data, "text", "label", config=config, out=tmp_path)
    judged = audit.issues[audit.issues["suspicion"].notna()]
    assert set(judged["split"]) == {"val"}
    assert len(judged) == audit.health["judged"] == 30
    assert audit.issues["rank"].tail(90).isin(audit.issues[audit.issues["split"] == "train"]["rank"]).all()
    with pytest.raises(InputError, match="No split is named to audit"):
        auditor.audit(data, "text", "label", config=configured(tiny_model, train_on=("train",)), out=tmp_path / "b")


@pytest.mark.usefixtures("no_report")
def test_class_names_of_a_dataset_are_used(messages: pd.DataFrame, tiny_model: Path, tmp_path: Path) -> None:
    names = ["sadness", "joy", "anger"]
    features = Features({"tweet": Value("string"), "label": ClassLabel(names=names)})
    columns = {"tweet": messages["text"].tolist(), "label": [names.index(label) for label in messages["label"]]}
    data = Dataset.from_dict(columns, features=features)
    audit = auditor.audit(data, config=configured(tiny_model, models=("lexical",)), out=tmp_path)
    assert audit.texts.label_names == tuple(names)
    assert audit.issues.set_index("id").loc["all-0", "given_label"] == messages["label"][0]


@pytest.mark.usefixtures("no_report")
def test_a_class_with_one_text_is_reported_and_ranks_last(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    single = pd.DataFrame({"id": ["one"], "text": ["a text like no other"], "label": ["wonder"]})
    pair = pd.DataFrame({"id": ["p", "q"], "text": ["what on earth", "never expected this"], "label": ["surprise"] * 2})
    frame = pd.concat([single, messages.head(60), pair], ignore_index=True)
    audit = auditor.audit(frame, config=configured(tiny_model, folds=5), out=tmp_path)
    issues = audit.issues.set_index("given_label")
    assert np.isnan(issues.loc["wonder", "suspicion"])
    assert issues.loc["wonder", "rank"] == len(frame)
    assert issues.loc["surprise", "suspicion"].notna().all()
    assert [entry["label"] for entry in audit.health["not_judgeable"]] == ["wonder"]


@pytest.mark.usefixtures("no_report")
def test_a_model_that_is_not_there_is_said_before_anything_long(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    config = configured(tiny_model, finetuned=FinetunedConfig(base_model="./no/such/model"))
    with pytest.raises(ModelError, match=r"\./no/such/model"):
        auditor.audit(messages, config=config, out=tmp_path)
    assert not (tmp_path / "vectors.npy").exists()
    without = config.model_copy(update={"models": ("lexical",)})
    assert auditor.audit(messages, config=without, out=tmp_path).health["rows"] == 120, "nothing is to be fine-tuned"


@pytest.mark.usefixtures("no_report")
def test_a_wrong_model_name_leaves_a_finished_run_finished(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    auditor.audit(messages, config=configured(tiny_model, models=("lexical",)), out=tmp_path)
    with pytest.raises(ModelError):
        auditor.audit(messages, config=configured(tmp_path / "nothing", models=("lexical",)), out=tmp_path)
    with pytest.raises(InputError, match="There is no split a, b"):
        auditor.audit(messages, config=configured(tiny_model, train_on=("a",), audit=("b",)), out=tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["finished"]


def test_hostile_texts_and_labels_go_through(tiny_model: Path, tmp_path: Path) -> None:
    texts = [
        *(
            "<script>alert(1)</script> joyful",
            "=cmd|' /C calc'!A0 happy",
            "nul \0 byte",
            "😀🎉",
            "我今天很高兴",
            "أنا سعيد جدا",
        ),
        *("http://x.y/ @me #tag", "{{ 7 * 7 }} ${x}", "\u202eright to left override", "plain", "x"),
    ]
    labels = ["<b>joy</b>", "=sad"]
    frame = pd.DataFrame({"text": [f"{text} {n}" for n in range(3) for text in (*texts, "a" * 10 ** (2 * n + 2))]})
    frame["label"] = [labels[row % 2] for row in range(len(frame))]
    audit = auditor.audit(frame, config=configured(tiny_model), out=tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in page.lower()
    assert "<b>joy" not in page
    with (tmp_path / "issues.csv").open(encoding="utf-8-sig") as file:
        assert "'=sad" in file.read()
    assert sorted(audit.issues["text"]) == sorted(frame["text"])


@pytest.mark.usefixtures("no_report")
def test_a_listener_hears_notes_and_progress(
    messages: pd.DataFrame, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many rows as are searched approximately, by a search that finds half: the other one takes a minute to compile.
    def half(vectors: np.ndarray, wanted: int, seed: int) -> np.ndarray:
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.argsort(-unit @ unit.T)[:, 5:20]

    monkeypatch.setattr(search, "_candidates", half)
    notes: list[str] = []
    last: dict[str, tuple[int, int]] = {}

    class Heard:
        @contextmanager
        def task(self, title: str, expected_seconds: float | None = None) -> Iterator[Any]:
            yield lambda done, total: last.update({title: (done, total)})

        def note(self, text: str) -> None:
            notes.append(text)

    auditor.audit(
        messages.head(60).rename(columns={"text": "tweet"}),
        config=configured(
            tiny_model, detection=DetectionConfig(map_neighbours=5, neighbours=10, exact_neighbours_to=50)
        ),
        out=tmp_path,
        listener=Heard(),
    )
    assert any("tweet" in note for note in notes)
    (found,) = [note for note in notes if note.startswith("The approximate search found")]
    assert 40 <= int(re.findall(r"\d+", found)[0]) <= 70
    assert any(note.startswith("Fine-tuning: 3 of 3 folds × 2 epochs, 240 texts") for note in notes)
    for title in ("Encoding", "Model features", "Model finetuned"):
        done, total = last[title]
        assert done == total


@pytest.mark.parametrize(
    ("source", "name"), [("a/tweets.csv", "tweets"), ("dair-ai/emotion", "emotion"), (["x/y/a.txt", "x/y/b.txt"], "y")]
)
def test_runs_are_named_after_their_source(source: Any, name: str) -> None:
    from auditor.data.naming import name_of

    assert name_of(source, None) == name  # type: ignore[arg-type]


def test_options_are_fields_of_the_configuration(messages: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Option foldz=3: there is no such field"):
        auditor.audit(messages, out=tmp_path, foldz=3)
    with pytest.raises(InputError, match="Option folds=1: expected"):
        auditor.audit(messages, out=tmp_path, folds=1)
    with pytest.raises(InputError, match="Option seed=4294967295: expected"):  # of which fold 1 has no seed
        auditor.audit(messages, out=tmp_path, seed=2**32 - 1)


def test_texts_that_were_read_are_audited_as_their_source_is(
    audited: auditor.Audit, messages: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    texts = auditor.read(messages, ReadConfig(text="text", label="label"))
    with pytest.raises(InputError, match="The texts have been read without text="):
        auditor.audit(texts, text="text", out=tmp_path)
    done = auditor.audit(texts, config=configured(tiny_model, models=("lexical",)), out=tmp_path / "run")
    assert done.run.manifest.dataset == audited.run.manifest.dataset


@pytest.mark.usefixtures("no_report")
def test_two_hundred_classes(tiny_model: Path, tmp_path: Path) -> None:
    """More classes than rows in a fold of most of them; some have two rows, one has one."""
    rng = np.random.default_rng(0)
    labels = [f"class {number}" for number in range(200) for _ in range(4 if number > 5 else 2)] + ["alone"]
    texts = [f"{label} asks {rng.integers(1000)} about {rng.integers(1000)}" for label in labels]
    frame = pd.DataFrame({"text": texts, "label": labels})
    audit = auditor.audit(frame, config=configured(tiny_model, models=("features", "lexical")), out=tmp_path)
    assert len(audit.issues) == len(frame)
    assert len(audit.health["classes"]) == 201
    assert audit.issues["suspicion"].notna().sum() == len(frame) - 1
    assert audit.issues.iloc[-1]["given_label"] == "alone"
    assert np.load(tmp_path / "probabilities" / "consensus.npy").shape == (len(frame), 201)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.skipif(sys.platform != "linux", reason="forks processes that have threads behind them")
def test_the_hash_seed_of_the_process_changes_no_byte(
    auditing: Forks,
    invoke: Callable[..., tuple[int, str, str]],
    messages: pd.DataFrame,
    tiny_model: Path,
    tmp_path: Path,
) -> None:
    messages.to_csv(tmp_path / "tweets.csv", index=False)
    words = ["run", "tweets.csv", "--models", "features,lexical", "--folds", 2, "--encoder", tiny_model, "--out"]
    assert invoke(*words, "here")[0] == 0
    ended = auditing.run(*words, "there", folder=tmp_path, drawn=False)
    assert ended.code == 0, ended.output
    made = []
    for name in ("here", "there"):
        stages = json.loads((tmp_path / name / "manifest.json").read_text("utf-8"))["stages"].values()
        made.append({name: digest for stage in stages for name, digest in stage["outputs"].items()})
    assert made[0] == made[1]
    assert len(made[0]) > 10
    assert auditing.ask({"hash": "tweets"}) != hash("tweets"), "both processes have the same seed"
