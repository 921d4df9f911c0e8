"""A small school told in events, for questions whose answers are worked out by hand.

2026-09-01 is a Tuesday. Lessons of the algebra of 7А are on Tuesdays (slot 2) and Thursdays (slot 3).
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from ejd.kernel.envelope import Recorded, Ref
from ejd.kernel.event import Event, encode
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import timetable as t
from ejd.kernel.events import year as y
from ejd.kernel.events.markers import EventsRestored, EventsVoided
from ejd.kernel.ids import SCHOOL, lesson_stream, timetable_stream
from ejd.kernel.policies import FIVE_POINT, HUNDRED_POINT, UNMARKED, WORK_KINDS
from ejd.kernel.sealed import Sealed
from ejd.kernel.titles import Contacts, PersonName, to_text

MOSCOW = ZoneInfo("Europe/Moscow")
YEAR = "year-2026"
CLASS_7A, CLASS_7B, CLASS_10A = "class-7a", "class-7b", "class-10a"
ALGEBRA, ALGEBRA_7B, ENGLISH = "journal-algebra-7a", "journal-algebra-7b", "journal-english-7a-1"
GROUP = "group-english-1"
EREMIN, YOZHIKOVA, ZHUKOV = "pupil-eremin", "pupil-yozhikova", "pupil-zhukov"
ADA, BORIS = "staff-ada", "staff-boris"


class Identity(TypedDict):
    """The planned occurrence that every event of a lesson carries."""

    journal: str
    date: date
    slot: int
    ordinal: int


def day(text: str) -> date:
    """Answer the date of "09-01" (2026) or "2027-01-12"."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def micros(text: str) -> int:
    """Answer the recorded time of "09-01 08:30" in Moscow."""
    on, at = text.split()
    return int(datetime.fromisoformat(f"{day(on)}T{at}").replace(tzinfo=MOSCOW).timestamp()) * 1_000_000


def sealed(person: str, text: str, field: str) -> Sealed:
    """Seal so that `open_box` can say whether it is asked for the right field."""
    return Sealed(person, f"{field}\n{text}".encode())


def open_box(box: Sealed, field: str, _at: Ref) -> str | None:
    """Open a box of `sealed`; persons whose id ends in "-erased" have no key any more."""
    own, text = box.box.decode().split("\n", 1)
    assert own == field or (own, field.rpartition(".")[2]) == ("reason", "reason"), (
        f"{field} was asked for, {own} is in the box"
    )
    return None if box.person.endswith("-erased") else text


def why(text: str = "потому что", about: str = SCHOOL) -> Sealed:
    """Answer some reason, of whatever event; that the field is right is seen where a real vault opens it."""
    return sealed(about, text, "reason")


def at(journal: str, on: str, slot: int, ordinal: int = 1) -> Identity:
    """Answer a lesson's identity."""
    return {"journal": journal, "date": day(on), "slot": slot, "ordinal": ordinal}


class Story:
    """Events in the order in which they are told; each has the position and version that follow from it."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self.events: list[Recorded] = []
        self._versions: Counter[str] = Counter()

    def tell(
        self, stream: str, *events: Event, when: str = "09-01 08:00", by: str = "account", command: str = ""
    ) -> Story:
        """Record events of a stream at a Moscow time such as "09-01 08:00"; each is a command unless one is named."""
        for event in events:
            self._versions[stream] += 1
            self.events.append(
                Recorded(
                    position=len(self.events) + 1,
                    stream=stream,
                    version=self._versions[stream],
                    name=event.stored_name,
                    state=encode(event),
                    recorded_at=micros(when),
                    actor=by,
                    session="session",
                    client="test",
                    command_id=command or f"command-{len(self.events) + 1}",
                    batch_id="",
                    caused_by="[]",
                    salt=b"",
                )
            )
        return self

    def in_lesson(
        self,
        where: Identity,
        *kinds: tuple[type[Event], dict[str, Any]],
        when: str,
        by: str = "account",
        command: str = "",
    ) -> Story:
        """Record events in a lesson; each is given as class and the fields beside the identity."""
        stream = lesson_stream(where["journal"], where["date"], where["slot"], where["ordinal"])
        return self.tell(
            stream, *(kind(**where, **fields) for kind, fields in kinds), when=when, by=by, command=command
        )

    def held(  # noqa: PLR0913 - what differs between the lessons of the tests
        self,
        where: Identity,
        topic: str = "Тема",
        *,
        marks: dict[str, str] | None = None,
        absent: dict[str, str] | None = None,
        work: str = "oral",
        when: str | None = None,
    ) -> Story:
        """Hold a lesson: topic, roll, one mark for each pupil named; at 12:00 of its day unless said otherwise."""
        when = when or f"{where['date']} 12:00"
        roll = tuple(e.Absence(pupil=who, kind=kind) for who, kind in (absent or {}).items())  # type: ignore[arg-type]  # a word of the roll
        given = [(e.MarkRecorded, {"pupil": who, "work": work, "value": one}) for who, one in (marks or {}).items()]
        return self.in_lesson(
            where, (e.TopicRecorded, {"topic": topic}), (e.RollTaken, {"absences": roll}), *given, when=when
        )

    def void(self, stream: str, *versions: int) -> Story:
        """Make versions of a stream void."""
        return self.tell(stream, EventsVoided(breach="breach", versions=versions))

    def restore(self, stream: str, *versions: int) -> Story:
        """Make versions of a stream valid again that `void` made void."""
        return self.tell(stream, EventsRestored(breach="breach", versions=versions))

    def pupil(self, who: str, family: str, class_id: str = CLASS_7A, since: str = "09-01") -> Story:
        """Enrol a pupil whose given name is Анна."""
        name = sealed(who, to_text(PersonName(family=family, given="Анна")), "pupil-enrolled.name")
        return self.tell(who, p.PupilEnrolled(name=name, class_id=class_id, enrolled_on=day(since)))

    def staff(self, who: str, family: str, position: str = "учитель") -> Story:
        """Employ somebody whose given name is Ада."""
        name = sealed(who, to_text(PersonName(family=family, given="Ада")), "staff-member-employed.name")
        return self.tell(who, p.StaffMemberEmployed(name=name, position=position, employed_on=day("2020-08-25")))

    def guardian(self, who: str, family: str, pupil: str, contacts: Contacts | None = None) -> Story:
        """Register somebody who acts for a pupil from the first day of the year."""
        name = sealed(who, to_text(PersonName(family=family, given="Яна")), "guardian-registered.name")
        box = sealed(who, to_text(contacts), "guardian-registered.contacts") if contacts else None
        established = p.GuardianshipEstablished(pupil=pupil, relation="mother", starts=day("09-01"))
        return self.tell(who, p.GuardianRegistered(name=name, contacts=box), established)

    def form_class(
        self, class_id: str, name: str, grade: int, scheme: str = "quarters", system: str = "five-point"
    ) -> Story:
        """Form a class of the year."""
        formed = j.ClassFormed(year=YEAR, name=name, grade=grade, scheme=scheme, bells="first", grading_system=system)
        return self.tell(class_id, formed)

    def open_journal(  # noqa: PLR0913 - what differs between the journals of the tests
        self,
        journal: str,
        name: str,
        group: str = CLASS_7A,
        *,
        subject: str = "subject-algebra",
        group_kind: Any = "class",
        grade: int = 7,
        system: str = "five-point",
        classes: tuple[str, ...] | None = None,
    ) -> Story:
        """Open a journal of the year."""
        opened = j.JournalOpened(
            year=YEAR,
            subject=subject,
            group=group,
            group_kind=group_kind,
            classes=classes or (group,),
            grade=grade,
            scheme="quarters",
            bells="first",
            grading_system=system,
            name=name,
        )
        return self.tell(journal, opened)

    def schedule(self, journal: str, starts: str, *entries: tuple[int, int]) -> Story:
        """Schedule a journal from a day on: pairs of cycle day (1 is Monday) and slot, all in room 12."""
        lines = tuple(t.ScheduleEntry(cycle_day=on, slot=slot, room="room-12") for on, slot in entries)
        return self.tell(timetable_stream(YEAR), t.JournalScheduled(journal=journal, starts=day(starts), entries=lines))


def a_year() -> tuple[Event, ...]:
    """Answer the year: Monday to Friday, two quarters with a break between, half-years beside them."""
    weekdays = ("Пн", "Вт", "Ср", "Чт", "Пт")
    quarters = (
        y.GradingPeriod(code="q1", name="1 четверть", first_day=day("09-01"), last_day=day("10-25")),
        y.GradingPeriod(code="q2", name="2 четверть", first_day=day("11-02"), last_day=day("12-29")),
    )
    halves = (y.GradingPeriod(code="h1", name="1 полугодие", first_day=day("09-01"), last_day=day("12-29")),)
    bells = tuple(y.Bell(slot=n, starts=430 + 50 * n, ends=470 + 50 * n) for n in range(1, 8))
    return (
        y.AcademicYearOpened(name="2026/27", first_day=day("09-01"), last_day=day("2027-05-31")),
        y.CycleDefined(kind="weekly", days=tuple(y.CycleDay(name=n, weekday=i) for i, n in enumerate(weekdays))),
        y.GradingPeriodsDefined(scheme="quarters", periods=quarters),
        y.GradingPeriodsDefined(scheme="halves", periods=halves),
        y.BreaksDefined(breaks=(y.Break(name="Осенние", first_day=day("10-26"), last_day=day("11-01")),)),
        y.BellScheduleDefined(code="first", name="Первая смена", bells=bells),
    )


def a_school() -> Story:
    """Answer a school with 7А (Еремин, Ёжикова, Жуков), its algebra taught by Ada, and an English subgroup."""
    story = Story()
    story.tell(
        SCHOOL,
        s.SchoolOpened(name="Школа 1", timezone="Europe/Moscow", simulated=True),
        s.WorkKindsDefined(kinds=WORK_KINDS),
        *(s.GradingSystemDefined(system=system) for system in (FIVE_POINT, HUNDRED_POINT, UNMARKED)),
    )
    story.tell("subject-algebra", s.SubjectDefined(name="Алгебра"))
    story.tell("subject-english", s.SubjectDefined(name="Английский язык", short="Англ."))
    story.tell("room-12", s.RoomDefined(name="12", capacity=30))
    story.tell(YEAR, *a_year())
    story.form_class(CLASS_10A, "10А", 10).form_class(CLASS_7A, "7А", 7).form_class(CLASS_7B, "7Б", 7)
    story.staff(ADA, "Лавлейс").staff(BORIS, "Борисов")
    story.pupil(ZHUKOV, "Жуков").pupil(EREMIN, "Еремин").pupil(YOZHIKOVA, "Ёжикова")
    formed = j.TeachingGroupFormed(year=YEAR, name="7А англ. 1", kind="subgroup", classes=(CLASS_7A,))
    story.tell(GROUP, formed)
    story.open_journal(ALGEBRA, "Алгебра 7А").tell(ALGEBRA, j.TeacherAssigned(staff=ADA, starts=day("09-01")))
    story.open_journal(ALGEBRA_7B, "Алгебра 7Б", CLASS_7B)
    story.open_journal(
        ENGLISH, "Английский 7А/1", GROUP, subject="subject-english", group_kind="group", classes=(CLASS_7A,)
    )
    return story.schedule(ALGEBRA, "09-01", (2, 2), (4, 3))
