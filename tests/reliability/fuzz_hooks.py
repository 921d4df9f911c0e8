"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): ids and days that it draws by chance become those of a school.

Nearly every id by chance is nobody's; a leak is behind ids that somebody has.
"""

from __future__ import annotations

import json
import os
import re
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import schemathesis

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_DAY, TODAY, DAYS = date(2025, 9, 1), date(2025, 10, 6), 270
LEFT_IN_TEN = 1
"""Of ten so many stay what they were."""
IDS: dict[str, list[str]] = json.loads(os.environ.get("EJD_FUZZ_IDS", "{}"))
"""By the name of the field that has them; "" for any other."""


def known(value: Any, name: str = "") -> Any:
    """Answer the value of a field with ids and days of the school; the same value always becomes the same."""
    match value:
        case str() if IDS and UUID.fullmatch(value):
            number = crc32(value.encode())
            ids = IDS.get(name) or IDS[""]
            return value if number % 10 < LEFT_IN_TEN else ids[number // 10 % len(ids)]
        case str() if DAY.fullmatch(value):
            number = crc32(value.encode())
            day = TODAY if number % 2 else FIRST_DAY + timedelta(days=number % DAYS)
            return day.isoformat()
        case dict():
            return {key: known(part, key) for key, part in value.items()}
        case list():
            return [known(part, name) for part in value]
        case _:
            return value


@schemathesis.hook
def map_query(_context: Any, query: Any) -> Any:
    """Exchange in the query."""
    return known(query)


@schemathesis.hook
def map_path_parameters(_context: Any, parameters: Any) -> Any:
    """Exchange in the path."""
    return known(parameters)


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Exchange in the body."""
    return known(body)
