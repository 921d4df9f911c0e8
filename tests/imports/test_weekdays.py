"""Days are recognised by their names, and a cycle that repeats them has weeks."""

import pytest

from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import DAYS_MAX
from ejd.imports.weekdays import cycle, weekday_of


@pytest.mark.parametrize(
    ("name", "weekday"),
    [
        ("Monday", 0), ("SUNDAY", 6), ("Fri", 4), ("среда", 2), ("Пн", 0), ("Воскресенье", 6),
        ("п'ятниця", 4),
        ("Lunedì", 0), ("lunedi", 0), ("Παρασκευή", 4), ("ΤΡΙΤΗ", 1), ("Mittwoch", 2), ("jeudi", 3),
        ("Week A Tuesday", 1),
        ("2. Суббота", 5), ("Day 1", None), ("D10", None), ("", None),
        ("Monday or Tuesday", None), ("mar", None), ("Неделя 1", None),
    ],
)  # fmt: skip
def test_a_day_is_the_weekday_that_its_name_says(name: str, weekday: int | None) -> None:
    assert weekday_of(name) == weekday


def test_a_second_monday_opens_the_second_week() -> None:
    days = cycle(["Mon A", "Tue A", "Mon B", "Tue B"])
    assert [(day.weekday, day.week, day.place_in_week) for day in days] == [
        (0, 1, 0),
        (1, 1, 1),
        (0, 2, 0),
        (1, 2, 1),
    ]


def test_a_cycle_of_numbered_days_has_no_weeks() -> None:
    assert [(day.weekday, day.week, day.place_in_week) for day in cycle(["1", "2"])] == [
        (None, None, 0),
        (None, None, 1),
    ]


def test_a_cycle_longer_than_any_school_has_is_refused() -> None:
    assert len(cycle([str(day) for day in range(DAYS_MAX)])) == DAYS_MAX
    with pytest.raises(ImportRefused, match="101 days"):
        cycle([str(day) for day in range(DAYS_MAX + 1)])
