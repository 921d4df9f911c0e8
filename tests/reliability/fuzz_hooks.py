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
IDS: list[str] = json.loads(os.environ.get("EJD_FUZZ_IDS", "[]"))


def known(value: Any) -> Any:
    """Answer the value with ids and days of the school; the same value always becomes the same."""
    match value:
        case str() if IDS and UUID.fullmatch(value):
            number = crc32(value.encode())
            return value if number % 10 < LEFT_IN_TEN else IDS[number % len(IDS)]
        case str() if DAY.fullmatch(value):
            number = crc32(value.encode())
            day = TODAY if number % 2 else FIRST_DAY + timedelta(days=number % DAYS)
            return day.isoformat()
        case dict():
            return {name: known(part) for name, part in value.items()}
        case list():
            return [known(part) for part in value]
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
