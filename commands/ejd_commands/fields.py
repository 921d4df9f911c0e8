"""Field types that commands share, each with a named limit: what passes fits event, seal and both databases."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from ejd.kernel.due import SLOTS_MAX
from ejd.kernel.events.accounts import ALL_SCOPES, TokenScope
from ejd.kernel.titles import NAME_CHARACTERS_MAX

TITLE_CHARACTERS_MAX = 200
SHORT_CHARACTERS_MAX = 40
CODE_CHARACTERS_MAX = 40
LOGIN_CHARACTERS_MIN, LOGIN_CHARACTERS_MAX = 3, 100
MARK_CHARACTERS_MAX = 10
TOPIC_CHARACTERS_MAX = 1_000
REASON_CHARACTERS_MAX = 1_000
FREE_TEXT_CHARACTERS_MAX = 4_000
"""A free text is sealed: four bytes a character keep it below the vault's 16 KiB."""
LONG_TEXT_CHARACTERS_MAX = 10_000
LINK_CHARACTERS_MAX = 2_000
CONTACT_CHARACTERS_MAX = 254
"""The longest address that SMTP carries (RFC 5321)."""
WHOLE_NUMBER_MAX = 2**63 - 1
"""What both databases hold in eight bytes."""
MINUTES_MAX = 1_440
GRADE_MAX = 13
ORDINAL_MAX = 99
MARK_NUMBER_MAX = 20
VARIANTS_MAX = 50
POINTS_MAX = 1_000
DAY_MIN, DAY_MAX = date(2000, 1, 1), date(2100, 12, 31)
BIRTH_DAY_MIN = date(1900, 1, 1)

MOMENT_MIN = datetime(DAY_MIN.year, DAY_MIN.month, DAY_MIN.day, tzinfo=UTC)
MOMENT_MAX = datetime(DAY_MAX.year, DAY_MAX.month, DAY_MAX.day, tzinfo=UTC)
MOMENT_FORM = "write the moment as YYYY-MM-DDThh:mm:ss with its offset from UTC"

CODE_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
DIGEST_PATTERN = r"^[0-9a-f]{64}$"
TOKEN_ID_PATTERN = r"^[0-9a-f]{16}$"  # noqa: S105 - the form of a public id
UUID_PATTERN = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
JOINERS = frozenset("\u200c\u200d")
"""Invisible, yet part of words and emoji; all other format characters are dropped (they come with pasted text)."""
LOOK_ALIKES = str.maketrans("abcehkmoptxy", "авсенкмортху")
"""Latin letters that a reader cannot tell from Cyrillic ones, in upper or lower case."""


class Part(BaseModel):
    """Base of what a command nests: as strict as the command itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def clean_lines(text: str) -> str:
    """Answer the text in Unicode's composed form with plain line ends; ValueError for control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text if c not in "\n\t"):
        msg = "take the control characters out of the text"
        raise ValueError(msg)
    visible = "".join(c for c in text if c in JOINERS or unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", visible).strip()


def clean_line(text: str) -> str:
    """Answer the text of one line, its spaces made single; ValueError for control characters and line breaks."""
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        msg = "write it in one line without control characters"
        raise ValueError(msg)
    return " ".join(clean_lines(text).split())


def _at_most(characters: int) -> AfterValidator:
    """Answer a check of the cleaned text: composing can make it longer (U+1D160 becomes three characters)."""

    def check(text: str) -> str:
        if len(text) > characters:
            msg = f"write at most {characters} characters"
            raise ValueError(msg)
        return text

    return AfterValidator(check)


def _visible(text: str) -> str:
    if all(unicodedata.category(c)[0] in "CZ" for c in text):
        msg = "write at least one visible character"
        raise ValueError(msg)
    return text


def _iso_day(value: Any) -> Any:
    if isinstance(value, datetime) or not isinstance(value, (date, str)):
        msg = "write the day as YYYY-MM-DD"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns only ValueError into a field's error
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip(), re.ASCII):
        msg = "write the day as YYYY-MM-DD"
        raise ValueError(msg)
    return value


def _day_of_journal(day: date) -> date:
    return _between(day, DAY_MIN)


def _day_of_life(day: date) -> date:
    return _between(day, BIRTH_DAY_MIN)


def _between(day: date, first: date) -> date:
    if not first <= day <= DAY_MAX:
        msg = f"choose a day between {first:%d.%m.%Y} and {DAY_MAX:%d.%m.%Y}"
        raise ValueError(msg)
    return day


def _iso_moment(value: Any) -> Any:
    if not isinstance(value, (datetime, str)) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError(MOMENT_FORM)
    return value


def _moment_of_journal(moment: datetime) -> datetime:
    if not MOMENT_MIN <= moment <= MOMENT_MAX:
        msg = f"choose a moment between {DAY_MIN:%d.%m.%Y} and {DAY_MAX:%d.%m.%Y}"
        raise ValueError(msg)
    return moment


def _link(text: str) -> str:
    if not re.match(r"https?://[^\s/]", text):
        msg = "write the link with http:// or https://"
        raise ValueError(msg)
    return text


def _login(text: str) -> str:
    if not re.fullmatch(r"[\w.@+-]+", text):
        msg = "write the login with letters, digits and . _ @ + - only"
        raise ValueError(msg)
    return text


def unique_key(text: str) -> str:
    """Answer what two names that a reader takes for the same have in common; е and ё stay different."""
    return text.casefold().translate(LOOK_ALIKES)


Id = Annotated[
    str,
    StringConstraints(pattern=UUID_PATTERN, to_lower=True),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": UUID_PATTERN}),
]
"""A UUID as canonical lower-case text."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TITLE_CHARACTERS_MAX),
    AfterValidator(clean_line),
    _at_most(TITLE_CHARACTERS_MAX),
    AfterValidator(_visible),
]
"""The name of a thing: a subject, a room, a class."""
ShortText = Annotated[
    str, StringConstraints(max_length=SHORT_CHARACTERS_MAX), AfterValidator(clean_line), _at_most(SHORT_CHARACTERS_MAX)
]
"""An abbreviation; may be empty."""
PersonNamePart = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_CHARACTERS_MAX),
    AfterValidator(clean_line),
    _at_most(NAME_CHARACTERS_MAX),
    AfterValidator(_visible),
]
Patronymic = Annotated[
    str, StringConstraints(max_length=NAME_CHARACTERS_MAX), AfterValidator(clean_line), _at_most(NAME_CHARACTERS_MAX)
]
"""A part of a person's name that many people do not have; may be empty."""
Contact = Annotated[
    str,
    StringConstraints(max_length=CONTACT_CHARACTERS_MAX),
    AfterValidator(clean_line),
    _at_most(CONTACT_CHARACTERS_MAX),
]
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN, min_length=1, max_length=CODE_CHARACTERS_MAX)]
"""A short name for programs: small Latin letters, digits, hyphens."""
Login = Annotated[
    str,
    StringConstraints(min_length=LOGIN_CHARACTERS_MIN, max_length=LOGIN_CHARACTERS_MAX),
    AfterValidator(clean_line),
    _at_most(LOGIN_CHARACTERS_MAX),
    AfterValidator(_login),
]
Digest = Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)]
"""SHA-256 as hexadecimal text."""
TokenId = Annotated[str, StringConstraints(pattern=TOKEN_ID_PATTERN)]
"""The public part of a bearer token `ejd_<id>_<secret>` (ejd.access.secrets.new_token)."""
TokenScopes = Annotated[tuple[TokenScope, ...], Field(min_length=1, max_length=len(ALL_SCOPES))]
CodeId = TokenId
"""The public id of a one-time code (ejd.access.codes)."""
MarkValue = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MARK_CHARACTERS_MAX),
    AfterValidator(clean_line),
    _at_most(MARK_CHARACTERS_MAX),
    AfterValidator(_visible),
]
Topic = Annotated[
    str, StringConstraints(max_length=TOPIC_CHARACTERS_MAX), AfterValidator(clean_line), _at_most(TOPIC_CHARACTERS_MAX)
]
"""What a lesson is about, in one line; may be empty."""
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=REASON_CHARACTERS_MAX),
    AfterValidator(clean_lines),
    _at_most(REASON_CHARACTERS_MAX),
    AfterValidator(_visible),
]
"""Why somebody decided so; sealed."""
FreeText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=FREE_TEXT_CHARACTERS_MAX),
    AfterValidator(clean_lines),
    _at_most(FREE_TEXT_CHARACTERS_MAX),
    AfterValidator(_visible),
]
"""Free text about a person, which is sealed."""
LongText = Annotated[
    str,
    StringConstraints(max_length=LONG_TEXT_CHARACTERS_MAX),
    AfterValidator(clean_lines),
    _at_most(LONG_TEXT_CHARACTERS_MAX),
]
"""Text in several lines that is about nobody; may be empty."""
Link = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LINK_CHARACTERS_MAX),
    AfterValidator(clean_line),
    _at_most(LINK_CHARACTERS_MAX),
    AfterValidator(_link),
]

Day = Annotated[date, BeforeValidator(_iso_day), AfterValidator(_day_of_journal)]
"""A date of the school's time zone, written YYYY-MM-DD."""
BirthDay = Annotated[date, BeforeValidator(_iso_day), AfterValidator(_day_of_life)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_iso_moment),
    AfterValidator(_moment_of_journal),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment with its offset from UTC (RFC 3339), in the years that a journal knows."""

Slot = Annotated[int, Strict(), Field(ge=1, le=SLOTS_MAX)]
"""School-wide number of a lesson in the day."""
Ordinal = Annotated[int, Strict(), Field(ge=1, le=ORDINAL_MAX)]
"""1 for the lesson of the timetable, more for extra ones in the same slot."""
MarkNumber = Annotated[int, Strict(), Field(ge=1, le=MARK_NUMBER_MAX)]
"""Place of a mark among those of one kind of work in one lesson (4/5 are 1 and 2)."""
Variant = Annotated[int, Strict(), Field(ge=1, le=VARIANTS_MAX)]
"""Variant of a control work."""
Points = Annotated[int, Strict(), Field(ge=0, le=POINTS_MAX)]
"""Points reached in a control work, or its maximum."""
Minutes = Annotated[int, Strict(), Field(ge=0, le=MINUTES_MAX)]
"""A length of time, or a time of day since midnight."""
Grade = Annotated[int, Strict(), Field(ge=0, le=GRADE_MAX)]
"""The year of schooling; 0 says that the class has none (schools of other countries)."""
WholeNumber = Annotated[int, Strict(), Field(ge=0, le=WHOLE_NUMBER_MAX)]
"""Any count or position."""
