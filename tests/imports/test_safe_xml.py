"""XML that nobody should send us is refused in one sentence; the rest is read in any encoding."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ejd.imports import safe_xml
from ejd.imports.safe_xml import DEPTH_MAX, FILE_BYTES_MAX, RUN_BYTES_MAX, ImportRefused, parse_xml, read_limited, shown

_BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE fet [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><fet>&d;</fet>"""
_EXTERNAL_ENTITY = b'<!DOCTYPE fet [<!ENTITY x SYSTEM "file:///etc/passwd">]><fet>&x;</fet>'
_EXTERNAL_DTD = b'<!DOCTYPE fet SYSTEM "http://192.0.2.1/evil.dtd"><fet/>'


def _refusal(content: bytes) -> str:
    with pytest.raises(ImportRefused) as caught:
        parse_xml(content, root="fet", made_by="FET")
    return _one_sentence(caught.value)


def _one_sentence(refused: ImportRefused) -> str:
    text = str(refused)
    assert text.endswith(".")
    assert "\n" not in text
    assert ". " not in text
    assert refused.__cause__ is None
    return text


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        pytest.param(_BILLION_LAUGHS, "declares a document type", id="billion laughs"),
        pytest.param(_EXTERNAL_ENTITY, "declares a document type", id="external entity"),
        pytest.param(_EXTERNAL_DTD, "declares a document type", id="external document type"),
        pytest.param(b"<fet>&undeclared;</fet>", "broken: at line 1, column 6", id="undeclared entity"),
        pytest.param(b"<fet>\n<a></b></fet>", "broken: at line 2, column 6", id="crossed tags"),
        pytest.param(b"<fet><a>", "broken", id="cut off"),
        pytest.param(b"<fet/><fet/>", "broken", id="two roots"),
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \r\n\t ", "is empty", id="blank"),
        pytest.param(b"PK\x03\x04\x14\x00\x00\x00", "not XML at all", id="zip"),
        pytest.param(b"\x00\x01\x02\xff\xfe", "not XML", id="binary"),
        pytest.param(b"Name,Class\nIvanov,5A\n", "not XML at all", id="csv"),
        pytest.param(b"<html><body/></html>", "outermost element is <html> and not <fet>", id="html"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><fet/>', "", id="unknown encoding"),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?><fet/>', "", id="encoding expat cannot read"),
        pytest.param(b"<fet>\xff</fet>", "broken", id="not UTF-8"),
        pytest.param(b"<fet>" + b"<a>" * DEPTH_MAX, f"nests more than {DEPTH_MAX}", id="too deep"),
        pytest.param(b"<fet>" + b"<a>" * 2_000_000, f"nests more than {DEPTH_MAX}", id="far too deep"),
    ],
)
def test_hostile_and_broken_xml_is_refused_in_one_sentence(content: bytes, saying: str) -> None:
    assert saying in _refusal(content)


def test_the_deepest_allowed_file_is_read() -> None:
    inner = DEPTH_MAX - 1
    assert parse_xml(b"<fet>" + b"<a>" * inner + b"</a>" * inner + b"</fet>", root="fet", made_by="FET").tag == "fet"


def test_more_elements_than_a_school_needs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "ELEMENTS_MAX", 4)
    assert len(parse_xml(b"<fet><a/><a/><a/></fet>", root="fet", made_by="FET")) == 3
    assert "more than 4 elements" in _refusal(b"<fet><a/><a/><a/><a/></fet>")


@pytest.mark.parametrize("start", [b"<fet ", b"<fet><!-- ", b"<fet>"])
def test_a_tag_or_text_without_end_is_refused_before_it_is_parsed(start: bytes) -> None:
    assert "more than 1 MiB inside one tag or text" in _refusal(start + b"a='>' " * (RUN_BYTES_MAX // 6 + 1))
    name = b"x" * (RUN_BYTES_MAX - len(b"a>"))
    read = parse_xml(b"<fet><a>" + name + b"</a><a>" + name + b"</a></fet>", root="fet", made_by="FET")
    assert [len(each.text or "") for each in read] == [RUN_BYTES_MAX - len(b"a>"), RUN_BYTES_MAX - len(b"a>")]


def test_a_file_of_200_mb_is_refused_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / "huge.fet"
    with huge.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    monkeypatch.setattr(Path, "open", None)
    with pytest.raises(ImportRefused) as caught:
        read_limited(huge)
    assert "has 200 MiB and at most 64 MiB are read" in _one_sentence(caught.value)


def test_bytes_beyond_the_limit_are_refused_before_parsing() -> None:
    assert "at most 64 MiB" in _refusal(b" " * (FILE_BYTES_MAX + 1))


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, saying in (
        (tmp_path / "missing.fet", "There is no file"),
        (tmp_path, "is not a file"),
        (pipe, "is not a file"),
        (tmp_path / "a\0b", "cannot be read"),
        (tmp_path / ("x" * 5_000), "cannot be read"),
    ):
        with pytest.raises(ImportRefused) as caught:
            read_limited(path)
        assert saying in _one_sentence(caught.value)


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("windows-1251", b""), ("utf-16", b"")]
)
def test_russian_names_are_read_in_every_usual_encoding(tmp_path: Path, encoding: str, mark: bytes) -> None:
    path = tmp_path / "school.fet"
    path.write_bytes(
        mark + f'<?xml version="1.0" encoding="{encoding}"?><fet><Name>Ёлкина</Name></fet>'.encode(encoding)
    )
    assert parse_xml(read_limited(path), root="fet", made_by="FET").findtext("Name") == "Ёлкина"


def test_a_refusal_repeats_little_of_the_file() -> None:
    assert shown("a\n  b") == "a b"
    assert shown("x" * 61) == "x" * 59 + "…"
    assert len(_refusal(b"<" + b"x" * 10_000 + b"/>")) < 200


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse_xml(content, root="fet", made_by="FET")
    except ImportRefused as refused:
        _one_sentence(refused)
