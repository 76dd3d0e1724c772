"""The command that classifies texts with a model."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, TypeVar

import typer
from rich.bar import Bar
from rich.table import Table

from auditor.commands.options import DEVICE, QUIET, listener, stoppable
from auditor.commands.paths import check_files
from auditor.config import DEFAULTS
from auditor.console import inert_json, plain, stdout
from auditor.errors import ConfigError, InputError
from auditor.storage import storage_errors, write
from auditor.vocabulary import ModelName
from auditor.wording import shorten

if TYPE_CHECKING:
    from auditor.evaluation.saved.inputs import Texts
    from auditor.evaluation.saved.predictor import Predictor

Text = TypeVar("Text", bound=str | None)
_BAR, _LABEL, _TEXT = 40, 30, 300
"""Maximum characters of a bar, a label and a text in the terminal."""


def predict(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="Retrained run, folder of a saved model, or model on the Hub."),
    ],
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Texts to classify. Default: read from standard input, one per line."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File of texts: one per line (.txt), or a table (csv, tsv, jsonl, parquet)."),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Column of FILE that holds the texts. Default: guessed from its name.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Character that separates the fields of a CSV file. Default: detected.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Text encoding of FILE or standard input.")] = DEFAULTS.read.encoding,
    kind: Annotated[
        ModelName | None,
        typer.Option("--model", help="Model of the run to use. Default: the fine-tuned one, if there is one."),
    ] = None,
    device: Annotated[str, typer.Option(help=DEVICE)] = DEFAULTS.device,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per text.")] = False,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the bar chart of a single text to a PNG file.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite the PNG file if it exists.")] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Classify texts. Print bars for texts on the command line, JSON Lines for a file or standard input.

    Each line of a file, or row of a table, becomes one line of JSON. Without a text, the label is null.

    Example: auditor predict tweets "I loved today's movie"
    """
    if file is not None and texts:
        raise ConfigError("Both texts and --file are given.", "Give only one of the two.")
    check_files([file], "file of texts")
    source = _source(texts or [], file, text, delimiter, encoding)
    if png is not None:
        _check_picture(png, None if source is not None else texts or [], force)
    from auditor.evaluation.saved.find import find_model

    found = find_model(model, kind, device)
    with stoppable():
        if source is not None:
            _predict_many(found, source, quiet)
        else:
            _predict_given(found, texts or [], as_json, png)


def _check_picture(png: Path, texts: Sequence[str] | None, force: bool) -> None:
    """Refuse to draw if there is not exactly one text to draw, or the file is no picture or must not be replaced."""
    from auditor.run.overwriting import check_file

    what = "--png draws a single text of the command line"
    if texts is None:
        raise ConfigError(f"{what}, but the texts are in a file or on standard input.", "Give a text, or omit --png.")
    if len(texts) != 1:
        raise ConfigError(f"{what}; found {len(texts):,} texts.", "Give one of them, or omit --png.")
    if not _has_words(texts[0]):
        raise ConfigError(f"{what}, but this text is blank.", "Give a text with words, or omit --png.")
    if png.suffix.lower() != ".png":
        raise ConfigError(f"--png is {str(png)!r:.120}, which does not end in .png.", "Give a name that does.")
    check_file(png, force=force)


def _source(
    texts: Sequence[str], file: Path | None, text: str | None, delimiter: str | None, encoding: str
) -> Texts | None:
    """Return the source of the texts; None if they are on the command line."""
    from auditor.evaluation.saved.inputs import texts_of_file, texts_of_stream

    if file is not None:
        return texts_of_file(file, text=text, delimiter=delimiter, encoding=encoding)
    if text is not None or delimiter is not None:
        raise ConfigError("--text and --delimiter describe a table, but none is given.", "Name it with --file.")
    if texts:
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            raise InputError("A text is not valid UTF-8.", "Give it in a file, with --file and --encoding.") from None
        return None
    if sys.stdin.isatty():
        raise ConfigError("There is no text to classify.", "Give a text or --file FILE, or pipe in one per line.")
    return texts_of_stream(sys.stdin.buffer, "standard input", encoding)


def _predict_many(model: Predictor, source: Texts, quiet: bool) -> None:
    done = 0
    with listener(quiet or sys.stdout.isatty()).task("Predict") as advance:
        for part in source.parts():
            typer.echo("\n".join(_as_json(model, text, found) for text, found in _answers(model, part)))
            done += len(part)
            if source.total is not None:
                advance(done, source.total)


def _answers(model: Predictor, texts: Sequence[Text]) -> Iterator[tuple[Text, Any]]:
    """Yield each text and its probabilities; None for a blank text."""
    found = iter(model.predict_proba([text for text in texts if _has_words(text)]))
    return ((text, next(found) if _has_words(text) else None) for text in texts)


def _has_words(text: str | None) -> TypeGuard[str]:
    return text is not None and not text.isspace() and text != ""


def _predict_given(model: Predictor, texts: Sequence[str], as_json: bool, png: Path | None) -> None:
    out = stdout()
    for number, (text, probabilities) in enumerate(_answers(model, texts)):
        if png is not None and probabilities is not None:
            _write_png(png, text, model, probabilities)
        if as_json or probabilities is None:
            typer.echo(_as_json(model, text, probabilities))
        else:
            if number:
                out.print()
            out.print(plain(shorten(text, _TEXT)), style="bold", soft_wrap=True)
            out.print(_bars(model, probabilities))
            out.print(plain(model.name), style="dim", soft_wrap=True)


def _as_json(model: Predictor, text: str | None, probabilities: Any) -> str:
    if probabilities is None:
        return inert_json({"text": text, "label": None, "probabilities": None})
    about = {
        "text": text,
        "label": model.label_names[int(probabilities.argmax())],
        "probabilities": {
            name: float(f"{value:.6g}") for name, value in zip(model.label_names, probabilities, strict=True)
        },
    }
    return inert_json(about)


def _bars(model: Predictor, probabilities: Any) -> Table:
    """Return one line per class, likeliest first."""
    from auditor.report.display import share

    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", max_width=_LABEL, no_wrap=True, overflow="ellipsis")
    table.add_column(width=_BAR)
    table.add_column(justify="right", no_wrap=True)
    for place, code in enumerate((-probabilities).argsort(kind="stable")):
        value = float(probabilities[code])
        bar = Bar(1.0, 0.0, value, width=_BAR, color="blue" if place == 0 else "bright_black")
        table.add_row(plain(model.label_names[code]), bar, share(value))
    return table


def _write_png(path: Path, text: str, model: Predictor, probabilities: Any) -> None:
    from auditor.report.draw.prediction import draw_prediction

    picture = draw_prediction(text, model.label_names, probabilities)
    with storage_errors(path, "Name another file, or free disk space."):
        write(path, picture)
