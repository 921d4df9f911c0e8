"""Where dependents of a void event can be: followed through the directory and the read model, never by a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import sqlalchemy as sa

from ejd.history.streams import Log, TooManyStreams
from ejd.kernel.dependents import Decoded, Shown, causes_of, shown, visible_spans
from ejd.kernel.envelope import Recorded
from ejd.kernel.events import accounts as a
from ejd.kernel.events import control_works as w
from ejd.kernel.events import corrections as k
from ejd.kernel.events import journals as j
from ejd.kernel.events import lessons as e
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.events.timetable import JournalScheduled
from ejd.kernel.ids import timetable_stream
from ejd.store.contract import chunks
from ejd_projections import mentions as m
from ejd_projections.asking import fetch, is_in
from ejd_projections.journal_catalogue import class_teachers, classes, find_journals, journal_teachers
from ejd_projections.memberships import stays
from ejd_projections.people import guardianships
from ejd_projections.substitution_tables import changes

STREAMS_LOOKED_INTO_MAX = 50_000
"""Streams beside the affected ones: a whole year of a large school."""
OPERATIONS_LOOKED_INTO_MAX = 500_000
"""Events of accounts that got a role, or were opened, by what is void."""
JOURNALS_AT_ONCE = 50
"""Journals whose streams are asked for together."""
JOURNAL_KINDS = ("lesson", "final-marks", "control-work", "correction")
FOREVER = 2**62
YearEvent = (
    y.AcademicYearOpened,
    y.CycleDefined,
    y.GradingPeriodsDefined,
    y.BreaksDefined,
    y.HolidaysDefined,
    y.BellScheduleDefined,
)
MARK_EVENTS = (e.MarkRecorded, e.MarkCorrected, e.MarkWithdrawn)
SUBSTITUTION_EVENTS = (e.LessonSubstituted, e.SubstitutionCorrected)
"""Whoever gives the lesson instead asks to correct it by that right."""
LOSING_EVENTS = (*SUBSTITUTION_EVENTS, e.LessonCancelled)
"""An extra lesson makes up what was lost by it."""
LESSONS_AT_ONCE = 5_000
"""Lost lessons whose make-ups are asked for together."""


class Looking:
    """Collects the streams to look into; `shown` is what parents could see of what is void, by pupil."""

    def __init__(self, log: Log, c: sa.Connection) -> None:
        """Nothing is void yet."""
        self._log = log
        self._c = c
        self._streams: set[str] = set()
        self._granted: dict[str, int] = {}
        self._whole_journals: set[str] = set()
        self._final_marks: set[str] = set()
        self._marked: set[str] = set()
        self._moved: set[str] = set()
        self._requests: set[str] = set()
        self._journals_of: set[str] = set()
        self._lost: set[str] = set()
        self.shown: dict[str, list[Shown]] = {}
        self._of_group = lru_cache(maxsize=None)(self._journals_of_group)

    def take(self, stream: Iterable[Decoded], void: Iterable[int]) -> None:
        """Note what a stream with void versions leads to."""
        stream, versions = list(stream), set(void)
        visible = visible_spans(stream, versions)
        request: k.CorrectionRequested | None = None
        for meta, event in stream:
            if isinstance(event, k.CorrectionRequested):
                request = event
            if meta.version in versions:
                self._lesson_or_setup(meta, event)
                for one in shown(meta, event, visible[meta.version]):
                    self.shown.setdefault(one.pupil, []).append(one)
        if request is not None:
            self._streams.add(request.record)

    def streams(self, held: Iterable[str]) -> set[str]:
        """Answer what is to be looked into beside the streams that hold void events themselves.

        Raises TooManyStreams above the limits.
        """
        for kind in JOURNAL_KINDS:
            self._of_journals(self._whole_journals, kind)
        self._of_journals((self._final_marks | self._followed()) - self._whole_journals, "final-marks")
        self._of_journals(self._requests - self._whole_journals, "correction")
        self._add(self._operations())
        self._make_ups()
        return self._streams.difference(held)

    def acknowledgements(self) -> list[str]:
        """Answer the streams in which guardians acknowledged for a pupil of whom something is void."""
        return self._log.streams_of_persons(sorted(self.shown), "acknowledgements")

    def _followed(self) -> set[str]:
        """Answer the journals whose final marks may stand on what pupils got, or where they were, elsewhere.

        Marks follow a pupil who moved: into every journal of the subject in a class or group that ever was the
        pupil's; where the pupil was is relied on in any subject.
        """
        of_marks = m.naming(self._c, m.JOURNAL_PLACE, m.named_by(self._c, m.PUPIL_IN, self._marked))
        subjects = m.named_by(self._c, m.JOURNAL_SUBJECT, self._final_marks)
        of_stays = m.naming(self._c, m.JOURNAL_PLACE, m.named_by(self._c, m.PUPIL_IN, self._moved))
        return (of_marks & m.naming(self._c, m.JOURNAL_SUBJECT, subjects)) | of_stays

    def _make_ups(self) -> None:
        """Add the extra lessons that make up what was lost, by the lesson that each of them names."""
        for lost in chunks(sorted(self._lost), LESSONS_AT_ONCE):
            self._add(row.stream for row in fetch(self._c, changes, is_in(changes.c.makes_up, lost)))

    def _of_journals(self, journals: Iterable[str], kind: str) -> None:
        """Add the streams of journals, few journals at a time: the limit comes before memory is full."""
        ordered = sorted(journals)
        for start in range(0, len(ordered), JOURNALS_AT_ONCE):
            self._add(self._log.streams_of_journals(ordered[start : start + JOURNALS_AT_ONCE], kind))

    def _add(self, streams: Iterable[str]) -> None:
        self._streams.update(streams)
        if len(self._streams) > STREAMS_LOOKED_INTO_MAX:
            msg = (
                f"more than {STREAMS_LOOKED_INTO_MAX} streams may stand on what is void here: "
                "narrow the window, or decide session by session"
            )
            raise TooManyStreams(msg)

    def _operations(self) -> Iterator[str]:
        looked = 0
        for account, since in sorted(self._granted.items()):
            for meta in self._log.operations(account, since, FOREVER):
                looked += 1
                if looked > OPERATIONS_LOOKED_INTO_MAX:
                    msg = (
                        f"accounts opened or given roles in the window did more than {OPERATIONS_LOOKED_INTO_MAX} "
                        "things since: narrow the window, or decide session by session"
                    )
                    raise TooManyStreams(msg)
                if any(cause.stream == account for cause in causes_of(meta)):
                    yield meta.stream

    def _lesson_or_setup(self, meta: Recorded, event: object) -> None:
        match event:
            case e.LessonEvent():
                if isinstance(event, MARK_EVENTS):
                    self._final_marks.add(event.journal)
                    self._marked.add(event.pupil)
                elif isinstance(event, SUBSTITUTION_EVENTS):
                    self._requests.add(event.journal)
                if isinstance(event, LOSING_EVENTS):
                    self._lost.add(meta.stream)
            case a.AccountOpened() | a.RoleGranted():
                self._granted[meta.stream] = min(meta.recorded_at, self._granted.get(meta.stream, FOREVER))
            case w.ControlWorkPlanned():
                self._whole_journals.add(event.journal)
            case p.GuardianRegistered() | p.GuardianshipEstablished():
                self._guardian(meta.stream, event)
            case _:
                self._teaching(meta, event)

    def _guardian(self, guardian: str, event: p.GuardianRegistered | p.GuardianshipEstablished) -> None:
        pupils = {event.pupil} if isinstance(event, p.GuardianshipEstablished) else set()
        t = guardianships.c
        pupils |= {row.pupil for row in fetch(self._c, guardianships, t.stream == guardian)}
        self._add(self._log.streams_of_persons(sorted(pupils), "acknowledgements"))

    def _teaching(self, meta: Recorded, event: object) -> None:
        match event:
            case j.JournalOpened():
                self._whole_journals.add(meta.stream)
                self._add([timetable_stream(event.year)])
            case j.TeacherAssigned() | j.TeacherUnassigned() | j.ThematicPlanAdopted() | j.ThematicPlanRevised():
                self._whole_journals.add(meta.stream)
            case JournalScheduled():
                self._whole_journals.add(event.journal)
            case p.PupilEnrolled() | p.PupilReturned():
                self._member(meta.stream, event.class_id)
            case p.PupilTransferred():
                self._member(meta.stream, event.new_class)
            case p.GroupJoined():
                self._member(meta.stream, event.group)
            case p.ClassStaysCorrected() | p.GroupStaysCorrected():
                for spell in event.new:
                    self._member(meta.stream, spell.where)
            case _:
                self._catalogue(meta, event)

    def _member(self, pupil: str, place: str) -> None:
        self._moved.add(pupil)
        self._whole_journals.update(self._of_group(place))
        t = guardianships.c
        self._add(row.stream for row in fetch(self._c, guardianships, t.pupil == pupil))
        self._add(self._log.streams_of_persons([pupil], "acknowledgements"))

    def _journals_of_group(self, place: str) -> tuple[str, ...]:
        return tuple(one.id for one in find_journals(self._c, groups=[place]))

    def _catalogue(self, meta: Recorded, event: object) -> None:
        c, own = self._c, meta.stream
        match event:
            case j.ClassFormed() | j.TeachingGroupFormed():
                self._add(self._of_group(own))
                self._add(row.stream for row in fetch(c, stays, stays.c.place == own))
            case p.StaffMemberEmployed():
                self._add(row.stream for row in fetch(c, journal_teachers, is_in(journal_teachers.c.staff, [own])))
                self._add(row.stream for row in fetch(c, class_teachers, class_teachers.c.staff == own))
            case s.SubjectDefined():
                self._add(one.id for one in find_journals(c, subject=own))
            case _ if isinstance(event, YearEvent):
                self._year(own)
            case _:
                pass

    def _year(self, year: str) -> None:
        if year in self._journals_of:
            return
        self._journals_of.add(year)
        found = [one.id for one in find_journals(self._c, year=year)]
        self._whole_journals.update(found)
        self._add([*found, timetable_stream(year)])
        self._add(row.stream for row in fetch(self._c, classes, classes.c.year == year))
