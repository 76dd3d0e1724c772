"""Files that are not UTF-8: what is said of them, and advice that works when it is followed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.text.encoding import read_utf8
from auditor.errors import SourceError

ROWS = [f"so glad {row},{'joy' if row % 2 else 'love'}" for row in range(60)]


def lines(rows: list[str], encodings: dict[int, str], end: bytes = b"\n") -> bytes:
    """A header and rows; those with a number are in another encoding."""
    return end.join([b"text,label", *(row.encode(encodings.get(at, "utf-8")) for at, row in enumerate(rows)), b""])


def refused(path: Path, data: bytes, **options: str) -> SourceError:
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        read(path, ReadConfig(**options))  # type: ignore[arg-type]
    assert "\n" not in caught.value.what + caught.value.todo
    return caught.value


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1250"])
def test_one_line_alone(tmp_path: Path, encoding: str, end: bytes) -> None:
    rows = [f"café {row}" for row in ROWS]
    error = refused(tmp_path / "a.csv", lines(rows, {40: encoding}, end))
    assert "is not UTF-8 in line 42; 59 other lines with non-ASCII characters are." in error.what
    assert "Fix that line" in error.todo
    assert "--encoding" not in error.todo
    (tmp_path / "a.csv").write_bytes(lines(rows, {}, end))
    assert len(read(tmp_path / "a.csv")) == 60


def test_few_lines(tmp_path: Path) -> None:
    rows = [f"{row} žluťoučký" for row in ROWS]
    strange = dict.fromkeys([3, 8, 20, 21, 30, 44, 59], "cp1250")
    error = refused(tmp_path / "a.csv", lines(rows, strange))
    assert "not UTF-8 in 7 lines: 5, 10, 22, 23, 32 and 2 more; 53 other lines" in error.what
    assert "--encoding" not in error.todo


def test_two_halves_are_no_encoding(tmp_path: Path) -> None:
    rows = [f"café {row}" for row in ROWS]
    error = refused(tmp_path / "a.csv", lines(rows, dict.fromkeys(range(5, 60), "cp1252")))
    assert "55 lines: 7, 8, 9, 10, 11 and 50 more; 5 other lines" in error.what
    assert "--encoding" not in error.todo


def test_a_mark_says_what_the_rest_is(tmp_path: Path) -> None:
    error = refused(tmp_path / "a.csv", b"\xef\xbb\xbf" + lines([*ROWS, "café,joy"], {60: "cp1252"}))
    assert "line 62;" in error.what
    assert "--encoding" not in error.todo


TEXTS = {
    "cp1252": "J’ai mangé une crêpe à Nîmes, ça va très bien €",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy, řekl šéf",
    "cp1251": "Привет мир, как дела сегодня? Всё хорошо, спасибо",
    "cp1253": "Καλημέρα κόσμε, πώς είσαι σήμερα; Όλα καλά",
    "gb18030": "今天天气很好我很高兴我们去公园散步吧",
    "cp932": "今日は天気がよくてとても嬉しいです",
    "big5": "今天天氣很好我很高興我們去公園散步吧",
    "cp949": "오늘 날씨가 좋아서 기분이 아주 좋아요",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_the_encoding_that_is_advised_reads_the_whole_file(tmp_path: Path, encoding: str) -> None:
    data = "".join(f"plain {row};joy\n{TEXTS[encoding]} {row};sad\n" for row in range(20)).encode(encoding)
    error = refused(tmp_path / "a.txt", data)
    (advised,) = re.findall(r"--encoding ([\w-]+)", error.todo)
    texts = read(tmp_path / "a.txt", ReadConfig(encoding=advised)).texts
    assert texts[1] == f"{TEXTS[encoding]} 0"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes("text,label\nso glad,joy\ncafé,sad\n".encode(encoding))
    data = read(tmp_path / "a.csv")
    assert list(data.texts) == ["so glad", "café"]
    assert data.origin.options["encoding"] == f"{encoding}-le"


def test_short_lines_of_two_bytes_a_character_are_no_utf8(tmp_path: Path) -> None:
    words = ["联通", "今天天气很好", "我很高兴", "我们去公园散步吧", "谢谢你的帮助"]
    data = "".join(f"{word};joy\n" for word in words * 4).encode("gb18030")
    assert "--encoding gb18030" in refused(tmp_path / "a.txt", data).todo


def test_only_what_reads_the_whole_file_is_advised(tmp_path: Path) -> None:
    broken = lines(["café,joy", "so sad,sad", "x\x81\x8d y,joy"], {0: "cp1252", 2: "latin-1"})
    for advised in re.findall(r"--encoding ([\w-]+)", refused(tmp_path / "a.csv", broken).todo):
        broken.decode(advised)
    with pytest.raises(UnicodeDecodeError):
        broken.decode("cp1252")


@pytest.mark.parametrize("encoding", ["ascii", "cp874", "utf-32"])
def test_what_is_utf8_is_said_to_be(tmp_path: Path, encoding: str) -> None:
    error = refused(tmp_path / "a.csv", lines(["ěuvre,joy", "ýes,sad"] * 5, {}), encoding=encoding)
    assert f"is not {encoding}, but UTF-8" in error.what
    assert "Omit --encoding" in error.todo


@given(data=st.binary(min_size=1, max_size=80))
def test_advice_always_works(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(b"so glad;joy\n" + data)
    try:
        read_utf8(path)
    except SourceError as error:
        for advised in re.findall(r"--encoding ([\w-]+)", error.todo):
            read_utf8(path, advised)
