"""The year of `tests.year.plan` is entered in August: people, classes, curricula, journals, plans, timetable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time

from tests.scenario import uid
from tests.year import plan as p
from tests.year.office import Fields, Office

YEAR = uid("the whole year")
PREPARED, PARENTS_ENTERED = date(2025, 8, 25), date(2025, 8, 26)
SLOTS = 6
BELLS = "first-shift"
PUPILS = {
    "5А": ("Абрамов Артём", "Борисова Белла", "Ёлкина Ева", "Жуков Женя"),
    "10А": ("Кузнецов Кирилл", "Лаптева Лада", "Мишин Миша"),
}
ENGLISH_GROUPS = {
    "5А, английский 1": ("Абрамов Артём", "Борисова Белла"),
    "5А, английский 2": ("Ёлкина Ева", "Жуков Женя"),
}
ROOMS = ("101", "102", "201")
DAY_NAMES = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота")


def hours_per_week(one: p.Journal) -> int:
    """Answer the lessons a week of a journal."""
    return len(one.week(p.FIRST))


def hours_per_year(one: p.Journal) -> int:
    """Answer the hours that curriculum and thematic plan give a journal."""
    return hours_per_week(one) * p.WEEKS


def topic(number: int) -> str:
    """Answer a line of a thematic plan."""
    return f"Тема {number}"


def enter(office: Office) -> None:
    """Enter everything, as the head."""
    office.on(PREPARED, time(9))
    for step in (_year, _places_and_people, _classes):
        office.send_all(step())
    bring_pupils_in(office, PUPILS, p.FIRST)
    office.send_all(_groups(office))
    for step in (_curricula, _journals, _timetable, _accounts):
        office.send_all(step())
    for login in p.TEACHERS:
        office.give_token(login, uid(f"year account {login}"))


def enter_parents(office: Office) -> None:
    """Enter the parents and their accounts, on the day after everything else: what was still missing."""
    office.on(PARENTS_ENTERED, time(9))
    office.send_all(_parents(office))


def _parents(office: Office) -> Iterator[tuple[str, Fields]]:
    for name in (name for names in PUPILS.values() for name in names):
        family, _ = name.split()
        guardian, account = uid(f"year guardian {name}"), uid(f"year account of {name}'s parent")
        yield "register-guardian", {"guardian": guardian, "family": family, "given": "Родитель"}
        stands = {"guardian": guardian, "pupil": office.pupils[name], "relation": "mother", "starts": p.FIRST}
        yield "establish-guardianship", stands
        login = f"parent-{guardian[:8]}"
        yield "open-account", {"account": account, "kind": "person", "login": login, "person": guardian}
        yield "grant-role", {"account": account, "role": "parent", "starts": PARENTS_ENTERED}


def _year() -> Iterator[tuple[str, Fields]]:
    yield from calendar_of(YEAR)


def calendar_of(year: str) -> Iterator[tuple[str, Fields]]:
    """Yield what opens a year and gives it its calendar."""
    yield "open-academic-year", {"year": year, "title": "2025/26", "first_day": p.FIRST, "last_day": p.LAST}
    days = [{"title": name, "weekday": number} for number, name in enumerate(DAY_NAMES)]
    yield "define-cycle", {"year": year, "kind": "weekly", "days": days}
    for scheme, periods in (("quarters", p.QUARTERS), ("halves", p.HALVES)):
        parts = [{"code": code, "title": code, "first_day": first, "last_day": last} for code, first, last in periods]
        yield "define-grading-periods", {"year": year, "scheme": scheme, "periods": parts}
    breaks = [{"title": title, "first_day": first, "last_day": last} for title, first, last in p.BREAKS]
    yield "define-breaks", {"year": year, "breaks": breaks}
    yield "take-production-calendar", {"year": year, "week_days": 5}
    bells = [{"slot": n, "starts": 510 + 55 * (n - 1), "ends": 555 + 55 * (n - 1)} for n in range(1, SLOTS + 1)]
    yield "define-bell-schedule", {"year": year, "code": BELLS, "title": "Первая смена", "bells": bells}


def _places_and_people() -> Iterator[tuple[str, Fields]]:
    for room in ROOMS:
        yield "define-room", {"room": uid(f"year room {room}"), "title": room, "capacity": 30, "kind": "кабинет"}
    for subject in dict.fromkeys(one.subject for one in p.JOURNALS):
        yield "define-subject", {"subject": subject_id(subject), "title": subject, "short": subject[:4]}
    for login, (family, given, subjects) in p.TEACHERS.items():
        staff = {"staff": staff_id(login), "family": family, "given": given, "position": "учитель"}
        yield "employ-staff-member", {**staff, "employed_on": date(2020, 8, 20)}
        taught = [subject_id(one) for one in subjects]
        yield "qualify-staff-member", {"staff": staff_id(login), "subjects": taught, "category": "first"}


def _classes() -> Iterator[tuple[str, Fields]]:
    for title, (grade, scheme, week_days) in p.CLASSES.items():
        formed = {"class_id": class_id(title), "year": YEAR, "title": title, "grade": grade, "scheme": scheme}
        yield "form-class", {**formed, "bells": BELLS, "week_days": week_days}
        teacher = p.BELLA if grade < 10 else p.VIKTOR
        yield "appoint-class-teacher", {"class_id": class_id(title), "staff": staff_id(teacher), "starts": p.FIRST}


def _groups(office: Office) -> Iterator[tuple[str, Fields]]:
    for title, home in p.GROUPS.items():
        formed = {"group": group_id(title), "year": YEAR, "title": title, "kind": "subgroup"}
        yield "form-teaching-group", {**formed, "classes": [class_id(home)]}
        for name in ENGLISH_GROUPS[title]:
            yield "join-group", {"pupil": office.pupils[name], "group": group_id(title), "joined_on": p.FIRST}


def bring_pupils_in(office: Office, pupils: Mapping[str, Iterable[str]], starts: date) -> None:
    """Import a list of pupils as an old program writes it: windows-1251, semicolons, Latin letters in class names."""
    rows = [
        f"{family};{given};{title.replace('А', 'A')}"
        for title, names in pupils.items()
        for family, given in map(str.split, names)
    ]
    office.bring_in("\r\n".join(["Фамилия ;Имя;Класс", *rows]).encode("cp1251"), "ученики.csv", starts=starts)
    found = office.ask("/people", kind="pupil", year=YEAR, on=starts, limit=500)["people"]
    office.pupils |= {f"{one['family']} {one['given']}": one["id"] for one in found}


def _curricula() -> Iterator[tuple[str, Fields]]:
    for title, (grade, _, _) in p.CLASSES.items():
        hours: Counter[str] = Counter()
        for one in p.JOURNALS:
            if one.group in {title, f"{title}, английский 1"}:
                hours[one.subject] += hours_per_week(one)
        lines = [
            {"subject": subject_id(subject), "hours_per_week_hundredths": 100 * count}
            for subject, count in hours.items()
        ]
        curriculum = uid(f"year curriculum {title}")
        adopted = {"curriculum": curriculum, "year": YEAR, "title": f"Учебный план {title}", "grades": [grade]}
        yield "adopt-curriculum", {**adopted, "weeks": p.WEEKS, "lines": lines}
        yield "assign-curriculum", {"class_id": class_id(title), "curriculum": curriculum, "starts": p.FIRST}


def _journals() -> Iterator[tuple[str, Fields]]:
    for one in p.JOURNALS:
        group = group_id(one.group) if one.group in p.GROUPS else class_id(one.group)
        kind = "group" if one.group in p.GROUPS else "class"
        opened = {"journal": journal_id(one), "subject": subject_id(one.subject), "group": group, "group_kind": kind}
        yield "open-journal", opened
        load = {"journal": journal_id(one), "staff": staff_id(one.teacher), "starts": p.FIRST}
        yield "assign-teacher", {**load, "hours_per_week": hours_per_week(one)}
        topics = [{"number": n, "topic": topic(n), "hours": 1} for n in range(1, hours_per_year(one) + 1)]
        yield "adopt-thematic-plan", {"journal": journal_id(one), "topics": topics}


def _timetable() -> Iterator[tuple[str, Fields]]:
    for one in p.JOURNALS:
        yield "schedule-journal", schedule(one, p.FIRST)


def schedule(one: p.Journal, starts: date) -> Fields:
    """Answer what schedules a journal's week from a day on."""
    entries = [
        {"cycle_day": weekday + 1, "slot": slot, "room": uid(f"year room {one.room}")}
        for weekday, slot in one.week(starts)
    ]
    return {"journal": journal_id(one), "starts": starts, "entries": entries}


def _accounts() -> Iterator[tuple[str, Fields]]:
    for login in p.TEACHERS:
        account = uid(f"year account {login}")
        yield "open-account", {"account": account, "kind": "person", "login": login, "person": staff_id(login)}
        yield "grant-role", {"account": account, "role": "teacher", "starts": PREPARED}


def journal_id(one: p.Journal) -> str:
    """Answer the id of a journal."""
    return uid(f"year journal {one.key}")


def subject_id(title: str) -> str:
    """Answer the id of a subject."""
    return uid(f"year subject {title}")


def staff_id(login: str) -> str:
    """Answer the id of a teacher."""
    return uid(f"year staff {login}")


def class_id(title: str) -> str:
    """Answer the id of a class."""
    return uid(f"year class {title}")


def group_id(title: str) -> str:
    """Answer the id of a teaching group."""
    return uid(f"year group {title}")
