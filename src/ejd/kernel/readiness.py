"""When a year's set-up is to be done (п. 5: by 15 September), and when people are reminded of it (C7)."""

from __future__ import annotations

from datetime import date, timedelta

TERM_MONTH, TERM_DAY = 9, 15
REMINDED_DAYS = (-14, -7, -3, -1, 0, 1, 3, 7, 14, 21, 28)
"""Days from the term on which those who owe something are reminded; a day that was missed is made up for."""


def default_term(first_day: date) -> date:
    """Answer 15 September of the year's beginning, or its first day when it begins later."""
    return max(date(first_day.year, TERM_MONTH, TERM_DAY), first_day)


def reminder_due(term: date, today: date) -> int | None:
    """Answer the last day of REMINDED_DAYS that has come, None before the first and a week after the last."""
    passed = (today - term).days
    if passed >= REMINDED_DAYS[-1] + timedelta(weeks=1).days:
        return None
    return max((day for day in REMINDED_DAYS if day <= passed), default=None)
