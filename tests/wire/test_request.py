"""What is written is what was meant, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.wire.request import Origin, Unwritable, head, target

ANY = st.text(st.characters(codec=None), max_size=20)
"""Halves of characters, too, that cannot be encoded."""


def written(
    method: str = "POST", url: str = "https://api.example/v3?x=1", proxy: str | None = None, **headers: str
) -> list[str]:
    return head(method, target(url), headers, proxy=proxy).decode().split("\r\n")


def test_a_head_says_where_whom_and_what() -> None:
    assert written(Authorization="Bearer SG.x") == [
        "POST /v3?x=1 HTTP/1.1",
        "Host: api.example",
        "Accept: */*",
        "User-Agent: notifier",
        "Authorization: Bearer SG.x",
        "",
    ]


def test_what_the_caller_says_goes_before_what_is_usual() -> None:
    lines = written(accept="application/json", Host="other.example")

    assert [line for line in lines if line.lower().startswith(("accept", "host"))] == [
        "accept: application/json",
        "Host: other.example",
    ]


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://api.example", ("https", "api.example", 443), "/"),
        ("http://api.example/", ("http", "api.example", 80), "/"),
        ("http://API.example:8080/A?b=c#d", ("http", "api.example", 8080), "/A?b=c"),
        ("http://[::1]:81/x", ("http", "::1", 81), "/x"),
        ("http://[2001:db8::1]", ("http", "2001:db8::1", 80), "/"),
        ("https://münchen.example/ü ?q=é", ("https", "xn--mnchen-3ya.example", 443), "/%C3%BC%20?q=%C3%A9"),
        ("http://a.example/x%2Fy?Date%3E=2026", ("http", "a.example", 80), "/x%2Fy?Date%3E=2026"),
    ],
)
def test_an_address_is_taken_apart(url: str, origin: tuple[str, str, int], path: str) -> None:
    found = target(url)

    assert (found.origin, found.path, found.authorization) == (Origin(*origin), path, "")


def test_a_host_header_has_the_port_only_where_it_is_not_the_usual_one() -> None:
    assert target("http://[::1]:81/").origin.netloc == "[::1]:81"
    assert target("https://a.example:443/").origin.netloc == "a.example"


def test_a_user_in_the_address_is_who_calls_unless_the_headers_say_otherwise() -> None:
    assert "Authorization: Basic dXNAZXI6cGE=" in written(url="http://us%40er:pa@a.example/")
    assert "Host: a.example" in written(url="http://us%40er:pa@a.example/")
    assert "Authorization: Basic dXNAZXI6cGE=" not in written(url="http://us%40er:pa@a.example/", authorization="x")


def test_a_proxy_is_told_the_whole_address() -> None:
    lines = written(url="http://a.example:81/x?y", proxy="Basic eA==")

    assert lines[0] == "POST http://a.example:81/x?y HTTP/1.1"
    assert "Proxy-Authorization: Basic eA==" in lines
    assert not any(line.startswith("Proxy-") for line in written(url="http://a.example/", proxy=""))


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "ftp://a.example/", "http://", "http:///x", "http://a b/", "http://a\tb\\c/", "http://[::1/",
     "http://a.example:99999/", "http://a.example:x/", "http://a..é.example/", "http://" + "é" * 70 + ".example/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Unwritable):
        target(url)


@pytest.mark.parametrize("method", ["HEAD", "CONNECT", "GET /x HTTP/1.1\r\n", "", "P OST"])
def test_a_method_whose_answer_could_not_be_read_is_refused(method: str) -> None:
    with pytest.raises(Unwritable):
        written(method)


@pytest.mark.parametrize("name", ["Content-Length", "TRANSFER-ENCODING", "Connection"])
def test_nobody_else_says_where_a_request_ends(name: str) -> None:
    with pytest.raises(Unwritable):
        written(**{name: "1"})


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\0b", "\x7f", "\x1b[0m", "\ud800"])
def test_a_header_that_would_be_two_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(Unwritable) as refused:
        written(Authorization=value)

    assert value not in str(refused.value)


@given(name=ANY, value=ANY, url=ANY)
def test_whatever_is_given_a_head_has_the_lines_it_should(name: str, value: str, url: str) -> None:
    try:
        lines = head("POST", target(f"http://a.example/{url}"), {name: value}).split(b"\r\n")
    except Unwritable:
        return

    assert len(lines) in {5, 6}
    assert lines[0].count(b" ") == 2
    assert not any(b"\n" in line or b"\r" in line for line in lines)
