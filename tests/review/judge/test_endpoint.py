"""One request: what is sent, and what comes of refusals, nonsense, slow answers, cuts and redirects."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from auditor.errors import ConfigError, EndpointError
from auditor.review.judge.endpoint import ATTEMPTS, KEY, MAX_BYTES, Endpoint
from auditor.review.judge.prompt import label_in
from tests.review.judge.server import Answer, Server, label, says, serving

LABELS = ("joy", "love", 'sad "blue"')
SECRET = "sk-very-secret"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def ask(server: Server, **options: object) -> tuple[str, str | None]:
    with Endpoint(server.url, "m", sleep=lambda seconds: None, **options) as endpoint:  # type: ignore[arg-type]
        reply = endpoint.ask("Choose.", "so happy", LABELS)
    return reply.status, reply.label


def test_only_text_and_labels_are_sent_and_the_answer_is_forced_to_them(server: Server) -> None:
    assert ask(server, key=SECRET) == ("label", "joy")
    assert server.paths == ["/v1/chat/completions"]
    assert server.keys == [f"Bearer {SECRET}"]
    (body,) = server.bodies
    assert [message["content"] for message in body["messages"]] == ["Choose.", "so happy"]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == list(LABELS)
    assert body["max_tokens"] <= 1000


def test_without_a_key_none_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    ask(server)
    monkeypatch.setenv(KEY, SECRET)
    ask(server)
    assert server.keys == [None, f"Bearer {SECRET}"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"label": "joy"}', "joy"),
        ('```json\n{"label": "love"}\n```', "love"),
        ('"joy"', "joy"),
        ('sad "blue"', 'sad "blue"'),
        ("Joy", None),
        ("I think joy", None),
        ('{"label": "anger"}', None),
        ('{"label": ["joy"]}', None),
        ('{"answer": "joy"}', None),
        ("[" * 5000, None),
        ("", None),
        (None, None),
        (7, None),
        ([{"type": "text", "text": "joy"}], None),
    ],
)
def test_an_answer_counts_only_if_it_is_exactly_a_label(content: object, expected: str | None) -> None:
    assert label_in(content, LABELS) == expected


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (says(None, refusal="I cannot help with that."), "refused"),
        (says("", finish="content_filter"), "refused"),
        (says('{"label": "joy"}', finish="length"), "cut"),
        (says("joyful"), "invalid"),
        ((200, {}, b"<html>hello</html>"), "invalid"),
        ((200, {}, b"[]"), "invalid"),
        ((200, {}, b'{"choices": []}'), "invalid"),
        ((200, {}, b'{"choices": [7]}'), "invalid"),
        ((200, {}, b'{"choices": [{"message": "joy"}]}'), "invalid"),
        ((200, {}, b"\xff\xfe"), "invalid"),
        ((200, {}, b"[" * 20_000), "invalid"),
        ((200, {}, b" " * (MAX_BYTES + 1)), "too large"),
        ((200, {}, json.dumps({"choices": [{"message": {"content": "joy"}}], "usage": "many"}).encode()), "label"),
    ],
)
def test_whatever_comes_back_is_validated(server: Server, answer: Answer, status: str) -> None:
    server.answer = lambda body: answer
    assert ask(server)[0] == status


def test_a_slow_answer_is_given_up(server: Server) -> None:
    status, _, data = label("joy")
    server.answer = lambda body: (status, {"X-Slow": "1"}, data)
    assert ask(server, timeout=0.2) == ("slow", None)


def test_a_cut_connection_is_an_error_that_says_so(server: Server) -> None:
    status, _, data = label("joy")
    server.answer = lambda body: (status, {"X-Cut": "1", "Connection": "close"}, data)
    with pytest.raises(EndpointError, match="cannot be reached"):
        ask(server)


def test_a_redirect_is_not_followed(server: Server) -> None:
    with serving() as elsewhere:
        server.answer = lambda body: (307, {"Location": f"{elsewhere.url}/chat/completions"}, b"")
        with pytest.raises(EndpointError, match="redirects"):
            ask(server, key=SECRET)
        assert elsewhere.bodies == []


def test_a_busy_server_is_asked_again_and_not_for_ever(server: Server) -> None:
    answers = iter([(429, {"Retry-After": "7"}, b""), (503, {}, b"")])
    server.answer = lambda body: next(answers, label("love"))
    waits: list[float] = []
    with Endpoint(server.url, "m", sleep=waits.append) as endpoint:
        assert endpoint.ask("Choose.", "x", LABELS).label == "love"
        assert waits == [7.0, 4.0]
        server.answer = lambda body: (500, {"Retry-After": "nan"}, b"")
        server.bodies.clear()
        with pytest.raises(EndpointError, match="HTTP 500"):
            endpoint.ask("Choose.", "x", LABELS)
    assert len(server.bodies) == ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_no_message_has_the_key(server: Server, status: int) -> None:
    echo = {"error": {"message": f"Incorrect key {SECRET}\x1b[31m\nsecond line"}}
    server.answer = lambda body: (status, {}, json.dumps(echo).encode())
    with pytest.raises(EndpointError) as raised:
        ask(server, key=SECRET)
    assert f"HTTP {status}: Incorrect key …" in raised.value.what
    assert SECRET not in str(raised.value)
    assert all(line.isprintable() for line in (raised.value.what, raised.value.todo))


def test_nobody_listening(server: Server) -> None:
    with serving() as gone:
        pass
    with pytest.raises(EndpointError, match="cannot be reached"):
        ask(gone)


@pytest.mark.parametrize(
    "url",
    ["", "host/v1", "ftp://host/v1", "http://", "https://me:pw@host/v1", "https://host/v1?key=abc", "http://[::1"],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Endpoint(url, "m", key="")
    assert "pw" not in str(raised.value)
    assert "abc" not in str(raised.value)


def test_a_key_goes_to_no_other_machine_unencrypted() -> None:
    with pytest.raises(ConfigError, match="without encryption"):
        Endpoint("http://example.org/v1", "m", key=SECRET)
    for url in ("https://example.org/v1", "http://localhost:1/v1", "http://[::1]:1/v1"):
        Endpoint(url, "m", key=SECRET)
    with pytest.raises(ConfigError, match="valid key") as raised:
        Endpoint("https://example.org/v1", "m", key=f"{SECRET}\nX-Other: 1")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("model", ["", " ", "a\nb", "x" * 91, "\udcff"])
def test_names_of_models_that_are_refused(model: str) -> None:
    with pytest.raises(ConfigError, match="not a name"):
        Endpoint("http://localhost:1/v1", model, key="")
