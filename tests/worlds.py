"""Fixtures named by the state they make: each world has happened on top of the one before it.

A_SCHOOL < A_YEAR < A_CLASS_5A < A_JOURNAL < A_GROUP_JOURNAL; accounts carry people's names, `…_STAFF` are the persons.
"""

from __future__ import annotations

from datetime import date, timedelta

from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.events import accounts as a
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled, ScheduleEntry
from ejd.kernel.ids import SCHOOL, lesson_stream, timetable_stream
from ejd.kernel.policies import GRADING_SYSTEMS, WORK_KINDS
from ejd.kernel.titles import Contacts, PersonName, to_text
from tests.scenario import World, sealed, uid

FIRST_DAY, LAST_DAY = date(2025, 9, 1), date(2026, 5, 29)
TODAY = date(2025, 10, 6)

# People and their accounts
HEAD, HEAD_STAFF = uid("account head"), uid("staff head")
DEPUTY, DEPUTY_STAFF = uid("account deputy"), uid("staff deputy")
SUPPORT = uid("account support")
API_CLIENT = uid("account api client")
ADA, ADA_STAFF = uid("account ada"), uid("staff ada")
"""Teaches the journal."""
BORIS, BORIS_STAFF = uid("account boris"), uid("staff boris")
"""A teacher without any load: the substitute."""
PARENT, PARENT_GUARDIAN = uid("account parent"), uid("guardian parent")
"""Acts for VERA."""
PUPIL_ACCOUNT = uid("account vera")
VERA, GLEB, DINA = uid("pupil vera"), uid("pupil gleb"), uid("pupil dina")
"""Pupils of 5А since the first day."""
MISHA = uid("pupil misha")
"""Pupil of 5Б since the first day."""
STRANGER = uid("account nobody opened")

# Set-up
YEAR = uid("year 2025/26")
MATHS, ENGLISH = uid("subject maths"), uid("subject english")
ROOM_12, ROOM_14 = uid("room 12"), uid("room 14")
CLASS_5A, CLASS_5B = uid("class 5a"), uid("class 5b")
GROUP = uid("group english 1 of 5a")
JOURNAL = uid("journal maths 5a")
GROUP_JOURNAL = uid("journal english group")
TIMETABLE = timetable_stream(YEAR)

# The lesson that tests write in: Monday, second slot, today
LESSON_DAY, LESSON_SLOT = TODAY, 2
LESSON = lesson_stream(JOURNAL, LESSON_DAY, LESSON_SLOT)
GROUP_LESSON_SLOT = 3
GROUP_LESSON = lesson_stream(GROUP_JOURNAL, LESSON_DAY, GROUP_LESSON_SLOT)


def name_of(family: str, given: str) -> str:
    """Answer the JSON text of a name, as it is sealed."""
    return to_text(PersonName(family=family, given=given))


def staff(person: str, family: str, given: str, position: str = "учитель") -> tuple[str, Event]:
    """Somebody works at the school since before the year."""
    name = sealed(person, name_of(family, given))
    return person, p.StaffMemberEmployed(name=name, position=position, employed_on=date(2020, 8, 20))


def account(account_id: str, login: str, role: a.Role, person: str = "", starts: date = date(2020, 8, 20)) -> World:
    """An account with one role."""
    return (
        (account_id, a.AccountOpened(kind="program" if role == "api-client" else "person", login=login, person=person)),
        (account_id, a.RoleGranted(role=role, starts=starts)),
    )


def pupil(person: str, family: str, given: str, class_id: str = CLASS_5A) -> tuple[str, Event]:
    """A pupil is in a class since the first day of the year."""
    name = sealed(person, name_of(family, given))
    return person, p.PupilEnrolled(name=name, class_id=class_id, enrolled_on=FIRST_DAY)


A_REAL_EMPTY_SCHOOL: World = (
    (SCHOOL, s.SchoolOpened(name="Школа № 7", timezone="Europe/Moscow")),
    (SCHOOL, s.RegulationAdopted(starts=date(2000, 1, 1), regulation=s.Regulation())),
    (SCHOOL, s.WorkKindsDefined(kinds=WORK_KINDS)),
    *((SCHOOL, s.GradingSystemDefined(system=system)) for system in GRADING_SYSTEMS),
)
"""Open, with the defaults, and nobody in it."""

A_SCHOOL: World = (
    *A_REAL_EMPTY_SCHOOL,
    staff(HEAD_STAFF, "Громова", "Галина", "директор"),
    staff(DEPUTY_STAFF, "Дымова", "Дарья", "заместитель директора"),
    staff(ADA_STAFF, "Лавлинская", "Ада"),
    staff(BORIS_STAFF, "Борисов", "Борис"),
    *account(HEAD, "head", "head", HEAD_STAFF),
    *account(DEPUTY, "deputy", "deputy-head", DEPUTY_STAFF),
    *account(SUPPORT, "support", "support"),
    *account(API_CLIENT, "timetable-program", "api-client"),
    *account(ADA, "ada", "teacher", ADA_STAFF),
    *account(BORIS, "boris", "teacher", BORIS_STAFF),
    (MATHS, s.SubjectDefined(name="Математика", short="Мат")),
    (ENGLISH, s.SubjectDefined(name="Английский язык", short="Англ")),
    (ROOM_12, s.RoomDefined(name="12", capacity=30)),
    (ROOM_14, s.RoomDefined(name="14", capacity=15)),
)
"""A school with head, deputy head, support, API client, two teachers, two subjects, two rooms."""

WEEKDAYS = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота")
A_YEAR: World = (
    *A_SCHOOL,
    (YEAR, y.AcademicYearOpened(name="2025/26", first_day=FIRST_DAY, last_day=LAST_DAY)),
    (
        YEAR,
        y.CycleDefined(
            kind="weekly",
            days=tuple(y.CycleDay(name=name, weekday=n) for n, name in enumerate(WEEKDAYS)),
            weekdays=(0, 1, 2, 3, 4, 5),
        ),
    ),
    (
        YEAR,
        y.GradingPeriodsDefined(
            scheme="quarters",
            periods=(
                y.GradingPeriod(code="q1", name="I четверть", first_day=date(2025, 9, 1), last_day=date(2025, 10, 24)),
                y.GradingPeriod(
                    code="q2", name="II четверть", first_day=date(2025, 11, 5), last_day=date(2025, 12, 30)
                ),
                y.GradingPeriod(
                    code="q3", name="III четверть", first_day=date(2026, 1, 12), last_day=date(2026, 3, 27)
                ),
                y.GradingPeriod(code="q4", name="IV четверть", first_day=date(2026, 4, 6), last_day=date(2026, 5, 29)),
            ),
        ),
    ),
    (
        YEAR,
        y.GradingPeriodsDefined(
            scheme="half-years",
            periods=(
                y.GradingPeriod(code="h1", name="I полугодие", first_day=date(2025, 9, 1), last_day=date(2025, 12, 30)),
                y.GradingPeriod(
                    code="h2", name="II полугодие", first_day=date(2026, 1, 12), last_day=date(2026, 5, 29)
                ),
            ),
        ),
    ),
    (
        YEAR,
        y.BreaksDefined(
            breaks=(
                y.Break(name="Осенние каникулы", first_day=date(2025, 10, 25), last_day=date(2025, 11, 3)),
                y.Break(name="Зимние каникулы", first_day=date(2025, 12, 31), last_day=date(2026, 1, 11)),
                y.Break(
                    name="Дополнительные каникулы",
                    first_day=date(2026, 2, 16),
                    last_day=date(2026, 2, 22),
                    grades=(1,),
                ),
                y.Break(name="Весенние каникулы", first_day=date(2026, 3, 28), last_day=date(2026, 4, 5)),
            )
        ),
    ),
    (
        YEAR,
        y.HolidaysDefined(
            holidays=(
                y.Holiday(day=date(2025, 11, 4), name="День народного единства"),
                y.Holiday(day=date(2026, 5, 1), name="Праздник Весны и Труда"),
            )
        ),
    ),
    (
        YEAR,
        y.BellScheduleDefined(
            code="first-shift",
            name="Первая смена",
            bells=tuple(y.Bell(slot=n, starts=510 + 55 * (n - 1), ends=555 + 55 * (n - 1)) for n in range(1, 8)),
        ),
    ),
)
"""2025/26: six-day week, quarters beside half-years, breaks, holidays, seven lessons from 8:30."""


def class_formed(name: str) -> j.ClassFormed:
    """A fifth class with five days a week, by quarters."""
    return j.ClassFormed(year=YEAR, name=name, grade=5, scheme="quarters", bells="first-shift")


A_CLASS_5A: World = (
    *A_YEAR,
    (CLASS_5A, class_formed("5А")),
    (CLASS_5B, class_formed("5Б")),
    pupil(VERA, "Васильева", "Вера"),
    pupil(GLEB, "Глебов", "Глеб"),
    pupil(DINA, "Ёлкина", "Дина"),
    pupil(MISHA, "Мишин", "Михаил", CLASS_5B),
    (
        PARENT_GUARDIAN,
        p.GuardianRegistered(
            name=sealed(PARENT_GUARDIAN, name_of("Васильева", "Ольга")),
            contacts=sealed(PARENT_GUARDIAN, to_text(Contacts(email="olga@example.org"))),
        ),
    ),
    (PARENT_GUARDIAN, p.GuardianshipEstablished(pupil=VERA, relation="mother", starts=FIRST_DAY)),
    *account(PARENT, "olga", "parent", PARENT_GUARDIAN),
    *account(PUPIL_ACCOUNT, "vera", "pupil", VERA),
)
"""5А with VERA, GLEB and DINA, 5Б with MISHA, five-day classes; PARENT acts for VERA."""

THE_PLAN = tuple(
    j.PlannedTopic(number=n, section="Натуральные числа", topic=f"Тема {n}", control=n % 10 == 0) for n in range(1, 31)
)
A_JOURNAL: World = (
    *A_CLASS_5A,
    (
        JOURNAL,
        j.JournalOpened(
            year=YEAR,
            subject=MATHS,
            group=CLASS_5A,
            group_kind="class",
            classes=(CLASS_5A,),
            grade=5,
            scheme="quarters",
            bells="first-shift",
            grading_system="five-point",
            name="Математика, 5А",
        ),
    ),
    (JOURNAL, j.TeacherAssigned(staff=ADA_STAFF, starts=FIRST_DAY, hours_per_week=5)),
    (JOURNAL, j.ThematicPlanAdopted(topics=THE_PLAN)),
    (
        TIMETABLE,
        JournalScheduled(
            journal=JOURNAL,
            starts=FIRST_DAY,
            entries=tuple(ScheduleEntry(cycle_day=n, slot=LESSON_SLOT, room=ROOM_12) for n in range(1, 6)),
        ),
    ),
)
"""Mathematics of 5А, taught by ADA, Monday to Friday in the second slot; LESSON is today's."""
LOAD = Ref(JOURNAL, 2)
SCHEDULED = Ref(TIMETABLE, 1)
VERA_ENROLLED = Ref(VERA, 1)

A_GROUP_JOURNAL: World = (
    *A_JOURNAL,
    (
        GROUP,
        j.TeachingGroupFormed(year=YEAR, name="5А англ. 1", kind="subgroup", classes=(CLASS_5A,)),
    ),
    (VERA, p.GroupJoined(group=GROUP, joined_on=FIRST_DAY)),
    (GLEB, p.GroupJoined(group=GROUP, joined_on=FIRST_DAY + timedelta(days=7))),
    (
        GROUP_JOURNAL,
        j.JournalOpened(
            year=YEAR,
            subject=ENGLISH,
            group=GROUP,
            group_kind="group",
            classes=(CLASS_5A,),
            grade=5,
            scheme="quarters",
            bells="first-shift",
            grading_system="five-point",
            name="Английский язык, 5А англ. 1",
        ),
    ),
    (GROUP_JOURNAL, j.TeacherAssigned(staff=ADA_STAFF, starts=FIRST_DAY)),
    (
        TIMETABLE,
        JournalScheduled(
            journal=GROUP_JOURNAL,
            starts=FIRST_DAY,
            entries=(ScheduleEntry(cycle_day=1, slot=GROUP_LESSON_SLOT, room=ROOM_14),),
        ),
    ),
)
"""English of a subgroup of 5А (VERA; GLEB from the second week), taught by ADA on Mondays in the third slot."""

WIDE_WINDOW_DAYS = 10_000
ALWAYS_FREE = (
    SCHOOL,
    s.RegulationAdopted(
        starts=FIRST_DAY,
        regulation=s.Regulation(
            topic_window_days=WIDE_WINDOW_DAYS,
            homework_window_days=WIDE_WINDOW_DAYS,
            attendance_window_days=WIDE_WINDOW_DAYS,
            mark_window_days=WIDE_WINDOW_DAYS,
            written_work_window_days=WIDE_WINDOW_DAYS,
        ),
    ),
)
"""For services with the machine's clock, by which these lessons were long ago: whatever was recorded is free."""
