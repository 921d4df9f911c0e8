"""What field types let through, and how they write it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from ejd.kernel.titles import NAME_CHARACTERS_MAX
from ejd_commands import fields as f


def read(field: str, value: object) -> object:
    """Answer what a command would get for a value."""
    adapter: TypeAdapter[object] = TypeAdapter(getattr(f, field))
    return adapter.validate_python(value)


@pytest.mark.parametrize(
    ("field", "value", "result"),
    [
        ("Id", "5D3C1F7E-6A39-5E0B-9F7A-2A8F5D1C0E11", "5d3c1f7e-6a39-5e0b-9f7a-2a8f5d1c0e11"),
        ("Name", "5\u00a0 А", "5 А"),
        ("Name", "Вои\u0306на", "Война"),
        ("Name", "со\u00adче\u200bтание", "сочетание"),
        ("ShortText", "", ""),
        ("LongText", "a\r\nb\rc\td", "a\nb\nc\td"),
        ("LongText", "👩\u200d🏫", "👩\u200d🏫"),
        ("Login", "Иванова.А", "Иванова.А"),
        ("Link", "https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("Day", "2025-09-01", date(2025, 9, 1)),
        ("Day", date(2025, 9, 1), date(2025, 9, 1)),
        ("BirthDay", "1990-02-28", date(1990, 2, 28)),
        ("Moment", "2025-09-01T10:00:00+03:00", datetime.fromisoformat("2025-09-01T10:00:00+03:00")),
        ("WholeNumber", 2**63 - 1, 2**63 - 1),
        ("Minutes", 0, 0),
    ],
)
def test_a_field_is_read_in_its_plain_form(field: str, value: object, result: object) -> None:
    assert read(field, value) == result


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Id", "{5d3c1f7e-6a39-5e0b-9f7a-2a8f5d1c0e11}"),
        ("Id", "5d3c1f7e6a395e0b9f7a2a8f5d1c0e11"),
        ("Name", ""),
        ("Name", "\u200b"),
        ("Name", "a\nb"),
        ("Name", "a\x00b"),
        ("Name", "\ud800"),
        ("Name", "x" * (f.TITLE_CHARACTERS_MAX + 1)),
        ("LongText", "a\x00b"),
        ("LongText", "a\x1bb"),
        ("FreeText", " \n "),
        ("Login", "ab"),
        ("Login", "a b c"),
        ("Code", "Q1"),
        ("Code", "q1-"),
        ("Digest", "ab"),
        ("Link", "javascript:alert(1)"),
        ("Day", "1999-12-31"),
        ("Day", "2101-01-01"),
        ("Day", "2025-09-01T00:00:00"),
        ("Day", "2025-02-30"),
        ("Day", datetime.fromisoformat("2025-09-01T00:00:00")),
        ("Day", 1_756_684_801),
        ("Day", "٢٠٢٥-٠٩-٠١"),
        ("BirthDay", "1899-12-31"),
        ("Moment", "2025-09-01T10:00:00"),
        ("Moment", "1756684800"),
        ("Moment", 1_756_684_802),
        ("Moment", "0001-01-01T00:00:00+14:00"),
        ("Moment", "1999-12-31T23:59:59Z"),
        ("Moment", "2100-12-31T00:00:01Z"),
        ("Slot", True),
        ("Slot", 0),
        ("Slot", 21),
        ("Slot", "1"),
        ("WholeNumber", 2**63),
        ("Grade", 14),
    ],
)
def test_a_field_refuses_what_is_none_of_its_kind(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(field, value)


NOTE = "\U0001d160"
"""An eighth note: one character that is three in the composed form, which Unicode excludes from composing again."""
TEXTS = [
    ("Name", f.TITLE_CHARACTERS_MAX),
    ("ShortText", f.SHORT_CHARACTERS_MAX),
    ("PersonNamePart", NAME_CHARACTERS_MAX),
    ("Patronymic", NAME_CHARACTERS_MAX),
    ("Contact", f.CONTACT_CHARACTERS_MAX),
    ("MarkValue", f.MARK_CHARACTERS_MAX),
    ("Topic", f.TOPIC_CHARACTERS_MAX),
    ("Reason", f.REASON_CHARACTERS_MAX),
    ("FreeText", f.FREE_TEXT_CHARACTERS_MAX),
    ("LongText", f.LONG_TEXT_CHARACTERS_MAX),
]


@pytest.mark.parametrize(("field", "most"), TEXTS)
def test_a_text_has_its_limit_in_the_form_that_is_stored(field: str, most: int) -> None:
    notes, rest = divmod(most, 3)
    full = read(field, NOTE * notes + "x" * rest)
    assert isinstance(full, str)
    assert len(full) == most
    with pytest.raises(ValidationError, match=f"write at most {most} characters"):
        read(field, NOTE * notes + "x" * (rest + 1))


@pytest.mark.parametrize(
    ("field", "most", "begins"),
    [("Login", f.LOGIN_CHARACTERS_MAX, ""), ("Link", f.LINK_CHARACTERS_MAX, "https://example.org/")],
)
def test_a_login_and_a_link_have_their_limit_too(field: str, most: int, begins: str) -> None:
    with pytest.raises(ValidationError, match=f"write at most {most} characters"):
        read(field, begins + NOTE * (most // 3 + 1))
    with pytest.raises(ValidationError, match=f"at most {most} characters"):
        read(field, begins + "x" * most + "x")


def test_names_that_a_reader_takes_for_the_same_have_one_key() -> None:
    assert f.unique_key("5A") == f.unique_key("5а") == f.unique_key("5А")
    assert f.unique_key("5Е") != f.unique_key("5Ё")
    assert f.unique_key("CAT") != f.unique_key("CAB")
    assert len({f.unique_key(chr(n)) for n in range(ord("a"), ord("z") + 1)}) == 26


def test_a_free_text_fits_the_seal() -> None:
    assert len("👩".encode()) * f.FREE_TEXT_CHARACTERS_MAX <= 16 * 1024
