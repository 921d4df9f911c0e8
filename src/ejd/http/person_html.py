"""An export of a person's data as one page that a browser shows and prints, without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ejd.http import person_words as words

if TYPE_CHECKING:
    from ejd.history.person_data import DataEvent, PersonData

MICROSECONDS = 1_000_000
HEAD = (
    '<!doctype html><html lang="ru"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    "<title>{title}</title></head><body><h1>{title}</h1>"
)


def to_html(data: PersonData, *, school: str, timezone: str, now: int) -> bytes:
    """Answer the page; `now` is in microseconds since 1970 UTC."""
    zone = ZoneInfo(timezone)

    def moment(at: int | None) -> str:
        return "—" if at is None else f"{datetime.fromtimestamp(at // MICROSECONDS, tz=zone):%d.%m.%Y %H:%M:%S}"

    parts = [
        HEAD.format(title=words.TITLE),
        f"<p>{escape(school)}. {moment(now)}. № {data.position}. {words.LAW}</p><p>{escape(data.person)}</p>",
        _list(words.STREAMS, _streams(data)),
        _table(words.ABOUT, words.COLUMNS, (_about(one, moment(one.recorded_at)) for one in data.about)),
        _table(
            words.RECORDED,
            words.RECORDED_COLUMNS,
            ((str(one.position), moment(one.recorded_at), words.title_of(one.type)) for one in data.recorded),
        ),
        _table(
            words.NOTICES,
            words.NOTICE_COLUMNS,
            ((one["kind"], moment(one["created_at"]), moment(one["sent_at"])) for one in data.notices),
        ),
        _table(
            words.SESSIONS,
            words.SESSION_COLUMNS,
            ((moment(one["created_at"]), moment(one["seen_at"]), one["client"]) for one in data.sessions),
        ),
        _table(
            words.FACTORS,
            words.FACTOR_COLUMNS,
            ((one["title"], moment(one["created_at"])) for one in data.second_factors),
        ),
        _list(words.LOOKS, (", ".join(f"{key}: {value}" for key, value in one.items()) for one in data.looks)),
        "</body></html>\n",
    ]
    return "".join(parts).encode()


def _streams(data: PersonData) -> Iterable[str]:
    for one in data.streams:
        yield f"{words.STREAM_KINDS.get(one['kind'], one['kind'])}: {one['stream']}"
    yield from data.logins


def _about(one: DataEvent, at: str) -> Sequence[str]:
    linked = ", ".join(words.OWN if link == "own" else link for link in one.linked)
    what = words.title_of(one.type) + (f" ({words.VOID})" if one.void else "")
    content = "; ".join(f"{name}: {_text(value)}" for name, value in one.data.items() if value not in (None, "", []))
    return str(one.position), at, what, linked, content


def _text(value: Any) -> str:
    """Answer a value as a reader takes it in."""
    match value:
        case {"sealed": True}:
            return words.OTHERS_TEXT
        case dict():
            return "{" + ", ".join(f"{name}: {_text(one)}" for name, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(_text(one) for one in value) + "]"
        case None:
            return words.ERASED_TEXT
        case _:
            return str(value)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    if not lines:
        return f"<h2>{title}</h2><p>{words.NOTHING}</p>"
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<h2>{title}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _list(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{title}</h2>" + (f"<ul>{items}</ul>" if items else f"<p>{words.NOTHING}</p>")
