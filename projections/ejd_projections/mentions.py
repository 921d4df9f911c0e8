"""What streams ever named, void or not: which class a pupil was ever put into, which journals were ever a class's.

Looking back chooses streams by it: what was taken back since was known then. Nothing here says that anything is so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from ejd.kernel.envelope import Recorded
from ejd.kernel.events import consents as k
from ejd.kernel.events import curricula as u
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.read.projection import Projection, StreamRows
from ejd_projections.asking import IDS_MAX, among, bound, checked_ids

projection = Projection("mentions", version=5)

IS = "is"
"""The stream is a year, subject, room, class, group, curriculum, journal, pupil, guardian, staff, or consents."""
PUPIL_IN = "pupil-in"
"""The pupil was put into a class or group."""
OF_YEAR = "of-year"
"""The class, group, curriculum or journal is of a year."""
JOURNAL_PLACE = "journal-place"
"""The journal is for a class or group as a whole."""
JOURNAL_CLASS = "journal-class"
"""Pupils of the journal are from a class."""
JOURNAL_SUBJECT = "journal-subject"
JOURNAL_TEACHER = "journal-teacher"
CLASS_TEACHER = "class-teacher"
LESSON_MOVED = "lesson-moved"
"""The lesson was moved: journal and new day, as `moved_to` writes them."""
LESSON_SUBSTITUTE = "lesson-substitute"
"""Somebody was to give the lesson instead: the substitute and the journal, as `substituted` writes them."""
DESPITE = "despite"
"""The lesson was put somewhere in spite of clashes: the journal."""


@dataclass(slots=True)
class MentionRow:
    """The stream named `what` as `kind`, in an event that may be void."""

    stream: str
    kind: str
    what: str


mentions = projection.table("mentions", MentionRow, key=("stream", "kind", "what"), indexes=[("kind", "what")])


Placing = e.LessonMoved | e.LessonSubstituted | e.SubstitutionCorrected | e.LessonReinstated | e.ExtraLessonPlanned


def moved_to(journal: str, day: str) -> str:
    """Answer what a moved lesson names; the days of one journal stand together."""
    return f"{journal} {day}"


def substituted(staff: str, journal: str) -> str:
    """Answer what a substituted lesson names; the journals of one substitute stand together."""
    return f"{staff} {journal}"


def _name(rows: StreamRows, kind: str, *what: str) -> None:
    for one in what:
        mentions.put(rows, MentionRow(rows.stream, kind, one))


@projection.on_all(y.AcademicYearOpened)
def _year(_event: y.AcademicYearOpened, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "year")


@projection.on_all(s.SubjectDefined)
def _subject(_event: s.SubjectDefined, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "subject")


@projection.on_all(s.RoomDefined)
def _room(_event: s.RoomDefined, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "room")


@projection.on_all(p.StaffMemberEmployed)
def _staff(_event: p.StaffMemberEmployed, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "staff")


@projection.on_all(p.GuardianRegistered)
def _guardian(_event: p.GuardianRegistered, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "guardian")


@projection.on_all(k.ConsentGiven, k.ConsentRefused, k.ConsentWithdrawn)
def _consents(_event: k.ConsentEvent, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "consents")


@projection.on_all(j.ClassFormed)
def _class(event: j.ClassFormed, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "class")
    _name(rows, OF_YEAR, event.year)


@projection.on_all(j.ClassTeacherAppointed)
def _class_teacher(event: j.ClassTeacherAppointed, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, CLASS_TEACHER, event.staff)


@projection.on_all(j.TeachingGroupFormed)
def _group(event: j.TeachingGroupFormed, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "group")
    _name(rows, OF_YEAR, event.year)


@projection.on_all(u.CurriculumAdopted)
def _curriculum(event: u.CurriculumAdopted, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "curriculum")
    _name(rows, OF_YEAR, event.year)


@projection.on_all(j.JournalOpened)
def _journal(event: j.JournalOpened, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "journal")
    _name(rows, OF_YEAR, event.year)
    _name(rows, JOURNAL_PLACE, event.group)
    _name(rows, JOURNAL_CLASS, *event.classes)
    _name(rows, JOURNAL_SUBJECT, event.subject)


@projection.on_all(j.TeacherAssigned)
def _teacher(event: j.TeacherAssigned, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, JOURNAL_TEACHER, event.staff)


@projection.on_all(p.PupilEnrolled)
def _enrolled(event: p.PupilEnrolled, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, IS, "pupil")
    _name(rows, PUPIL_IN, event.class_id)


@projection.on_all(p.PupilTransferred)
def _transferred(event: p.PupilTransferred, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, PUPIL_IN, event.new_class)


@projection.on_all(p.PupilReturned)
def _returned(event: p.PupilReturned, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, PUPIL_IN, event.class_id)


@projection.on_all(p.GroupJoined)
def _joined(event: p.GroupJoined, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, PUPIL_IN, event.group)


@projection.on_all(p.ClassStaysCorrected, p.GroupStaysCorrected)
def _stays_corrected(event: p.ClassStaysCorrected | p.GroupStaysCorrected, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, PUPIL_IN, *(spell.where for spell in event.new))


@projection.on_all(e.LessonMoved)
def _moved(event: e.LessonMoved, _meta: Recorded, rows: StreamRows) -> None:
    _name(rows, LESSON_MOVED, moved_to(event.journal, event.new_date.isoformat()))
    _despite(event, rows)


@projection.on_all(e.LessonSubstituted)
def _substituted(event: e.LessonSubstituted, _meta: Recorded, rows: StreamRows) -> None:
    _substitute(rows, event.substitution, event.journal)
    _despite(event, rows)


@projection.on_all(e.SubstitutionCorrected)
def _substitution_corrected(event: e.SubstitutionCorrected, _meta: Recorded, rows: StreamRows) -> None:
    if event.new is not None:
        _substitute(rows, event.new, event.journal)
    _despite(event, rows)


@projection.on_all(e.LessonReinstated, e.ExtraLessonPlanned)
def _placed(event: e.LessonReinstated | e.ExtraLessonPlanned, _meta: Recorded, rows: StreamRows) -> None:
    _despite(event, rows)


def _despite(event: Placing, rows: StreamRows) -> None:
    if event.despite:
        _name(rows, DESPITE, event.journal)


def _substitute(rows: StreamRows, substitution: e.Substitution, journal: str) -> None:
    if substitution.teacher:
        _name(rows, LESSON_SUBSTITUTE, substituted(substitution.teacher, journal))


_m = mentions.c
_NAMED = sa.select(_m.what).where(_m.kind == bound("kind"), among(_m.stream, "ids")).distinct()
_NAMING = sa.select(_m.stream).where(_m.kind == bound("kind"), among(_m.what, "ids")).distinct()
_BETWEEN = sa.select(_m.stream, _m.what).where(
    _m.kind == bound("kind"), _m.what >= bound("low"), _m.what < bound("end")
)


def named_by(c: sa.Connection, kind: str, streams: Iterable[str]) -> set[str]:
    """Answer what the streams ever named as `kind`."""
    return _all(c, _NAMED, kind, streams)


def naming(c: sa.Connection, kind: str, what: Iterable[str]) -> set[str]:
    """Answer the streams that ever named one of these as `kind`."""
    return _all(c, _NAMING, kind, what)


def lessons_moved(c: sa.Connection, journal: str, first: str, last: str) -> set[str]:
    """Answer the lessons of a journal that were ever moved to a day of the range, both days included."""
    where = {"kind": LESSON_MOVED, "low": moved_to(journal, first), "end": moved_to(journal, last) + "!"}
    return {stream for stream, _ in c.execute(_BETWEEN, where)}


def journals_substituted(c: sa.Connection, staff: str) -> set[str]:
    """Answer the journals in which somebody was ever to give a lesson instead of another teacher."""
    where = {"kind": LESSON_SUBSTITUTE, "low": substituted(staff, ""), "end": f"{staff}!"}
    return {what.partition(" ")[2] for _, what in c.execute(_BETWEEN, where)}


def _all(c: sa.Connection, statement: sa.Select[tuple[str]], kind: str, ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in _chunks(set(ids)):
        found.update(c.scalars(statement, {"kind": kind, "ids": checked_ids(chunk)}))
    return found


def _chunks(ids: Collection[str]) -> Iterator[list[str]]:
    left = iter(ids)
    while chunk := list(islice(left, IDS_MAX)):
        yield chunk
