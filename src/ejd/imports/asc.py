"""The timetable in an XML export of aSc Timetables, 2012 or 2008 (asctimetables.com; «aSc Timetables 2012 XML»).

A *lesson* says what is taught to whom by whom, so many periods a week; a *card* says where in the week a part of it
was placed. Cards name days, weeks and terms by masks (01000 is Tuesday), days in 2008 by a number. A card lasts one
period, or, in files that write double lessons as one card, `periodspercard`: which of the two is told by the number of
cards and the periods a week, and where neither fits the lesson is refused. A group with `entireclass` is the class
itself; the groups of one `divisiontag` are the parts of one division of their class.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ejd.imports.asc_rows import day_place, ids_of, mask_places, number_of, read_cycle, rows_of
from ejd.imports.safe_xml import Element, ImportRefused, parse_xml, read_limited, shown
from ejd.imports.timetable_file import (
    DAYS_MAX,
    PERIODS_MAX,
    SLOTS_PER_DAY_MAX,
    STUDENT_SETS_MAX,
    Named,
    Placement,
    PlannedActivity,
    Pupil,
    RefusalKind,
    Refused,
    Room,
    SchoolClass,
    StudentSet,
    TeachingGroup,
    TimetableFile,
)
from ejd.imports.weekdays import cycle

__all__ = ["read_asc", "read_asc_file"]

MADE_BY: Final = "aSc Timetables (File > Export > aSc Timetables 2012 XML)"
UNPLACED: Final = "unplaced"

Rows = Mapping[str, str]


def read_asc_file(path: Path, *, term: int | None = None) -> TimetableFile:
    """Return the timetable in a file; raises ImportRefused."""
    return read_asc(read_limited(path), term=term)


def read_asc(content: bytes, *, term: int | None = None) -> TimetableFile:
    """Return the timetable in the bytes of a file; `term` (from 1) chooses where lessons differ by term."""
    return _Reader(parse_xml(content, root="timetable", made_by=MADE_BY), term).read()


class _Refusal(Exception):
    def __init__(self, kind: RefusalKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: RefusalKind = kind
        self.reason = reason


class _Reader:
    def __init__(self, root: Element, term: int | None) -> None:
        self._root = root
        self._notes: list[str] = []
        self._cards = list(rows_of(root, "cards", "card"))
        self._cycle = read_cycle(root, self._cards)
        self._term = self._chosen_term(term)
        self._subjects = self._named("subjects", "subject")
        self._teachers = self._named("teachers", "teacher")
        self._rooms = {
            row["id"]: Room(row["id"], _name(row), number_of(row.get("capacity", "")) or None)
            for row in self._rows("classrooms", "classroom")
        }
        self._sets: dict[str, StudentSet] = {}
        self._whole: dict[str, str] = {}
        self._read_sets()
        self._slots, self._shift = self._periods()
        self._starts_read = 0

    def _rows(self, many: str, one: str) -> Iterator[Rows]:
        """Yield the rows that have an id, the first of each."""
        seen: set[str] = set()
        for row in rows_of(self._root, many, one):
            key = row.get("id", "")
            if key and key not in seen:
                seen.add(key)
                yield row

    def _named(self, many: str, one: str) -> dict[str, Named]:
        return {row["id"]: Named(row["id"], _name(row)) for row in self._rows(many, one)}

    def _chosen_term(self, term: int | None) -> int | None:
        count = self._cycle.terms
        if term is not None and not 1 <= term <= max(count, 1):
            raise ImportRefused(f"The file has {count} terms and no term {term}: choose one of them.")
        if count > 1 and term is None:
            raise ImportRefused(f"The lessons of the file differ by term, and there are {count}: say which (--term).")
        return term if count > 1 else None

    def _read_sets(self) -> None:
        """Read classes, groups and students; ids of the three may be alike, so that each kind has its own prefix."""
        grades = {row.get("grade") or row.get("id", ""): _name(row) for row in rows_of(self._root, "grades", "grade")}
        names: dict[str, str] = {}
        for row in self._rows("classes", "class"):
            key = f"class {row['id']}"
            names[key] = _name(row)
            self._sets[key] = SchoolClass(key, names[key], parallel=grades.get(row.get("grade", ""), ""))
        for row in self._rows("students", "student"):
            home = f"class {row.get('classid', '')}"
            key = f"student {row['id']}"
            self._sets[key] = Pupil(key, _name(row), home if home in names else None)
        for row in self._rows("groups", "group"):
            home = f"class {row.get('classid', '')}"
            if row.get("entireclass") == "1" and home in names:
                self._whole[row["id"]] = home
                continue
            members = tuple(f"student {each}" for each in ids_of(row, "studentids"))
            key = f"group {row['id']}"
            self._sets[key] = TeachingGroup(
                key,
                f"{names[home]}: {_name(row)}" if home in names else _name(row),
                members=tuple(each for each in members if each in self._sets),
                classes=(home,) if home in names else (),
                headcount=number_of(row.get("studentcount", "")) or None,
            )
        if len(self._sets) > STUDENT_SETS_MAX:
            raise ImportRefused(f"The file has more than {STUDENT_SETS_MAX} classes, groups and students: export less.")

    def _periods(self) -> tuple[dict[int, str], int]:
        """Answer what periods are called, by number; a zero period makes the first lesson the second slot."""
        names: dict[int, str] = {}
        for row in rows_of(self._root, "periods", "period"):
            number = number_of(row.get("period", ""))
            if number is not None:
                names[number] = row.get("starttime") or _name(row)
        used = [number for card in self._cards if (number := number_of(card.get("period", ""))) is not None]
        if not names and not used:
            raise ImportRefused("The file names no periods: export it again with the bells.")
        if max((*names, *used)) >= SLOTS_PER_DAY_MAX:
            raise ImportRefused(f"The file has lessons of number {max((*names, *used))}, which no school has.")
        zero = 0 in used
        if zero:
            self._notes.append("The file has lessons 0: lesson 0 is slot 1 here, lesson 1 slot 2, and so on.")
        numbers = range(0 if zero else 1, max((*names, *used)) + 1)
        return {number: names.get(number, str(number)) for number in numbers}, 1 if zero else 0

    def read(self) -> TimetableFile:
        lessons: list[PlannedActivity] = []
        refusals: list[Refused] = []
        cards: dict[str, list[Rows]] = {}
        for card in self._cards:
            cards.setdefault(card.get("lessonid", ""), []).append(card)
        rows = list(self._rows("lessons", "lesson"))
        self._note_cards(cards, {row["id"] for row in rows})
        self._note_rest()
        weeks = max(1, self._cycle.weeks)
        if not self._cycle.day_names or len(self._cycle.day_names) * weeks > DAYS_MAX:
            raise ImportRefused(f"The file has no days, or more than {DAYS_MAX} in its cycle: export it again.")
        for row in rows:
            for lesson, refused in self._activities(row, cards.get(row["id"], [])):
                lessons.append(lesson)
                refusals += [] if refused is None else [refused]
        names = self._cycle.day_names * weeks
        numbered = [week + 1 for week in range(weeks) for _ in self._cycle.day_names] if weeks > 1 else None
        return TimetableFile(
            source_format="asc",
            school_name="",
            days=cycle(names, numbered),
            slots_per_day=len(self._slots),
            slot_names=tuple(self._slots.values()),
            subjects=tuple(self._subjects.values()),
            teachers=tuple(self._teachers.values()),
            rooms=tuple(self._rooms.values()),
            classes=tuple(each for each in self._sets.values() if isinstance(each, SchoolClass)),
            groups=tuple(each for each in self._sets.values() if isinstance(each, TeachingGroup)),
            pupils=tuple(each for each in self._sets.values() if isinstance(each, Pupil)),
            lessons=tuple(lessons),
            refusals=tuple(refusals),
            notes=tuple(self._notes),
        )

    def _activities(self, row: Rows, cards: list[Rows]) -> Iterator[tuple[PlannedActivity, Refused | None]]:
        """Yield a lesson where it is placed, and the part of it that is not."""
        lesson = self._activity(row)
        described = self._described(lesson)
        try:
            self._check(row, lesson)
            here = [card for card in cards if self._in_term(card)]
            placed, missing = self._placed(row, here)
        except _Refusal as refusal:
            refused = Refused(lesson.id, refusal.kind, f"{described} {refusal.reason}")
            yield msgspec.structs.replace(lesson, placements=(), duration_slots=_periods_per_week(row)), refused
            return
        if placed:
            yield msgspec.structs.replace(lesson, placements=placed, duration_slots=len(placed)), None
        if missing or not placed:
            kind: RefusalKind = "incomplete-time" if placed else "no-time"
            reason = f"has {missing} lessons without a place" if placed else "has no place in the timetable"
            part = f"{lesson.id} {UNPLACED}" if placed else lesson.id
            rest = msgspec.structs.replace(lesson, id=part, placements=(), duration_slots=max(missing, 1))
            yield rest, Refused(part, kind, f"{described} {reason}: place its cards in aSc.")

    def _activity(self, row: Rows) -> PlannedActivity:
        groups = [self._whole.get(each, f"group {each}") for each in ids_of(row, "groupids", "groupid")]
        students = [f"student {each}" for each in ids_of(row, "studentids")]
        classes = [f"class {each}" for each in ids_of(row, "classids", "classid")]
        return PlannedActivity(
            id=row["id"],
            subject=row.get("subjectid", ""),
            teachers=ids_of(row, "teacherids", "teacherid"),
            student_sets=tuple(dict.fromkeys(students or groups or classes)),
            duration_slots=0,
        )

    def _check(self, row: Rows, lesson: PlannedActivity) -> None:
        if not lesson.subject:
            raise _Refusal("no-subject", "has no subject: give it one in aSc.")
        if not lesson.student_sets:
            raise _Refusal("no-students", "is taught to nobody: give it a class in aSc.")
        known: dict[str, tuple[Container[str], tuple[str, ...]]] = {
            "subject": (self._subjects, (lesson.subject,)),
            "teacher": (self._teachers, lesson.teachers),
            "class, group or student": (self._sets, lesson.student_sets),
        }
        for what, (there, named) in known.items():
            for each in named:
                if each not in there:
                    raise _Refusal("unknown-name", f"names a {what} “{shown(each)}” that the file does not list.")
        if row.get("periodspercard", "1") not in {"", "1"} and number_of(row["periodspercard"]) in {None, 0}:
            raise _Refusal("bad-duration", "has cards of no whole number of periods: correct it in aSc.")

    def _in_term(self, card: Rows) -> bool:
        return self._term is None or self._term - 1 in mask_places(card.get("terms", "")) or not card.get("terms")

    def _placed(self, row: Rows, cards: list[Rows]) -> tuple[tuple[Placement, ...], int]:
        """Answer where a lesson is in a turn of the cycle, and how many periods of it are nowhere."""
        starts = [place for card in cards for place in self._starts(card)]
        expected = round(_decimal(row.get("periodsperweek", "")) * max(1, self._cycle.weeks))
        length = number_of(row.get("periodspercard", "")) or 1
        if length > 1 and starts:
            if expected == len(starts) * length:
                starts = [msgspec.structs.replace(each, slot=each.slot + n) for each in starts for n in range(length)]
            elif expected and len(starts) != expected and len(starts) % length:
                reason = f"has {len(starts)} cards of {length} periods and {expected} periods: it cannot be told which."
                raise _Refusal("incomplete-time", f"{reason} Place all its cards in aSc.")
        if any(each.slot > len(self._slots) for each in starts):
            raise _Refusal("past-the-end", "would run on after the last period of the day: place it earlier in aSc.")
        if len({(each.day, each.slot) for each in starts}) < len(starts):
            raise _Refusal("twice-at-once", "is at one time more than once: correct its cards in aSc.")
        missing = max(0, expected - len(starts)) if self._term is None else 0
        return tuple(sorted(starts, key=lambda each: (each.day, each.slot))), missing

    def _starts(self, card: Rows) -> Iterator[Placement]:
        """Yield where a card begins; one without a period was not placed."""
        period = number_of(card.get("period", ""))
        if period is None or period + self._shift < 1:
            return
        rooms = ids_of(card, "classroomids", "classroomid")
        unknown = [each for each in rooms if each not in self._rooms]
        if unknown:
            raise _Refusal("unknown-name", f"is in a room “{shown(unknown[0])}” that the file does not list.")
        days = mask_places(card.get("days", ""))
        if not days and (day := day_place(self._root, card.get("day", ""))) is not None:
            days = (day,)
        weeks = mask_places(card.get("weeks", "")) if self._cycle.weeks > 1 and card.get("weeks") else ()
        for week in weeks or range(max(1, self._cycle.weeks)):
            for day in days:
                if not 0 <= day < len(self._cycle.day_names) or week >= max(1, self._cycle.weeks):
                    raise _Refusal("unknown-name", "is on a day that the file does not have.")
                self._starts_read += 1
                if self._starts_read > PERIODS_MAX:
                    raise ImportRefused(f"The file places more than {PERIODS_MAX} lessons: export one school.")
                place = week * len(self._cycle.day_names) + day
                yield Placement(place, period + self._shift, rooms[0] if rooms else None)

    def _described(self, lesson: PlannedActivity) -> str:
        subject = self._subjects[lesson.subject].name if lesson.subject in self._subjects else ""
        known = [self._sets[each] for each in lesson.student_sets if each in self._sets]
        sets = [each.name for each in known if not isinstance(each, Pupil)]
        return f"Lesson {shown(lesson.id)} ({shown(': '.join(part for part in (subject, ', '.join(sets)) if part))})"

    def _note_cards(self, cards: Mapping[str, list[Rows]], known: Iterable[str]) -> None:
        lost = sum(len(own) for key, own in cards.items() if key not in set(known))
        rooms = sum(len(ids_of(card, "classroomids", "classroomid")) > 1 for card in self._cards)
        for count, sentence in (
            (lost, "Cards of lessons that the file does not list, and that are left out"),
            (rooms, "Cards in several rooms, of which the first is taken"),
        ):
            if count:
                self._notes.append(f"{sentence}: {count}.")

    def _note_rest(self) -> None:
        kinds = Counter(element.tag for element in self._root if len(element))
        for tag, what in (("studentsubjects", "choices of students"), ("classsubjects", "hours of classes")):
            if kinds[tag]:
                self._notes.append(f"The file's {what} ({tag}) are not read.")
        if any(row.get("teacherid", "") not in {"", "-1"} for row in self._rows("classes", "class")):
            self._notes.append("Class teachers are not read: appoint them here.")


def _name(row: Rows) -> str:
    """Answer the name: of a person the family name first."""
    person = " ".join(part for part in (row.get("lastname", ""), row.get("firstname", "")) if part)
    return person if row.get("lastname") else row.get("name") or row.get("short") or row.get("id", "")


def _decimal(text: str) -> float:
    """Answer periods a week: 2.0, 1.5, with a comma too; 0 for what is no such number."""
    whole, _, fraction = text.replace(",", ".").partition(".")
    left, right = number_of(whole), number_of(fraction or "0")
    return 0.0 if left is None or right is None else left + right / 10 ** len(fraction or "0")


def _periods_per_week(row: Rows) -> int:
    return max(1, round(_decimal(row.get("periodsperweek", ""))))
