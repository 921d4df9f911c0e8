"""Reading a body safely: bounded while it streams, and strict JSON, checked before anything is made of it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NoReturn

from fastapi import Request
from starlette.requests import ClientDisconnect

from ejd.http.problems import BodyIncomplete, BodyTooLarge, BodyTooSlow, Malformed, NotJson

BODY_BYTES_MAX = 1_048_576
"""A whole lesson with 30 pupils is some 10 KiB; a batch of 500 marks some 150 KiB."""
BODY_SECONDS_MAX = 30.0
"""A whole lesson takes a slow telephone two seconds; who sends one byte now and then must not stay for ever."""
TOO_LARGE = f"a body has at most {BODY_BYTES_MAX} bytes: send the commands in several requests"
DEPTH_MAX = 32
"""The deepest command has five levels."""
MEDIA_TYPE = "application/json"
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_CHARSETS = frozenset({"utf-8", "utf8"})
_AS_IT_IS = frozenset({"", "identity"})


def check_content_type(content_type: str, encoding: str = "") -> None:
    """Raise NotJson for anything but JSON in UTF-8, as it is."""
    if encoding.strip().lower() not in _AS_IT_IS:
        raise NotJson("send the body as it is, without Content-Encoding: a packed one is not opened")
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = {p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")}
    if kind != MEDIA_TYPE or not charsets <= _CHARSETS:
        raise NotJson(f"send the body as {MEDIA_TYPE} in UTF-8, with that Content-Type")


async def read_body(
    request: Request,
    *,
    bytes_max: int | None = None,
    seconds_max: float | None = None,
    too_large: str = TOO_LARGE,
) -> bytes:
    """Answer the body, or raise BodyTooLarge before more than `bytes_max` of it are kept (BODY_BYTES_MAX unless given).

    Raises BodyTooSlow when it has not come in `seconds_max` (BODY_SECONDS_MAX), BodyIncomplete when the client is gone.
    """
    bytes_max = BODY_BYTES_MAX if bytes_max is None else bytes_max
    seconds_max = BODY_SECONDS_MAX if seconds_max is None else seconds_max
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdecimal():
        digits = announced.lstrip("0")
        if len(digits) > len(str(bytes_max)) or int(digits or "0") > bytes_max:
            raise BodyTooLarge(too_large)
    try:
        async with asyncio.timeout(seconds_max):
            return await _bounded(request, bytes_max, too_large)
    except TimeoutError:
        raise BodyTooSlow(f"the body did not come in {seconds_max:.0f} seconds: send it again") from None
    except ClientDisconnect:
        raise BodyIncomplete("the connection ended before the body did: send it again with the same id") from None


async def _bounded(request: Request, bytes_max: int, too_large: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > bytes_max:
            raise BodyTooLarge(too_large)
        parts.append(part)
    return b"".join(parts)


def parse(body: bytes) -> Any:
    """Answer what the JSON says; raises Malformed.

    Refused is what two readers would understand differently, or no database keeps: a key twice in an object, NaN and
    Infinity, half a surrogate pair, numbers of absurd length, more than DEPTH_MAX levels.
    """
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8: encode it so") from None
    except json.JSONDecodeError as error:
        msg = f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Malformed(msg) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # the interpreter's own limit on digits
        raise Malformed("a number has too many digits: shorten it") from None
    _check_depth(value)
    if _HALF_PAIR.search(body):
        _check_pairs(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        shown = twice[:40].encode("utf-8", "replace").decode()
        raise Malformed(f"the key {shown!r} stands twice in one object: leave one of them")
    return found


def _no_number(word: str) -> NoReturn:
    raise Malformed(f"{word} is no JSON number: leave it out")


def _too_deep() -> Malformed:
    return Malformed(f"the JSON has more than {DEPTH_MAX} levels: no command needs so many")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        if depth > DEPTH_MAX:
            raise _too_deep()
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]


def _check_pairs(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        msg = "a text contains half a surrogate pair (\\ud800 to \\udfff alone): no database keeps it, correct it"
        raise Malformed(msg) from None
