"""Looking back: the school as of a position, made in memory of the streams that a question needs, see `Ground`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Protocol

import sqlalchemy as sa

from ejd.history.choosing import Choice, Directory, Streams
from ejd.kernel.command import Refusal
from ejd.kernel.ids import timetable_stream
from ejd.read.contract import EventSource
from ejd.read.folding import Folding
from ejd.read.memory import Memory, State
from ejd_projections.account_holders import account_holders
from ejd_projections.final_marks import final_marks
from ejd_projections.gradebook_tables import attendance, lessons, marks, recommendations
from ejd_projections.journal_catalogue import Journal
from ejd_projections.substitution_tables import changes

EVENTS_MAX = 1_000_000
"""Events folded for one question: some twelve seconds of one processor."""
AT_ONCE_MAX = 2
"""Questions about the past that one process answers at the same time: the present goes first."""
WAIT_SECONDS_MAX = 1.0
"""How long one more such question waits for its turn."""

SETUP = frozenset({"school_catalogue", "journal_catalogue", "people"})
RECORDS = SETUP | {"memberships", "gradebook"}
READINESS = SETUP | {"memberships", "timetable", "control_works", "curricula", "readiness"}
CHANGED_LESSONS = RECORDS | {"timetable", "substitutions", "account_holders"}
NEEDED: dict[str, frozenset[str]] = {
    "school": frozenset({"school_catalogue"}),
    "classes": SETUP,
    "grading-systems": SETUP,
    "staff": frozenset({"school_catalogue", "people", "positions", "qualifications"}),
    "journals": SETUP | {"memberships"},
    "members": SETUP | {"memberships", "year_closing"},
    "loads": SETUP | {"memberships"},
    "people": SETUP | {"memberships", "positions"},
    "production-calendar": frozenset({"school_catalogue"}),
    "calendar": SETUP,
    "rooms": frozenset({"school_catalogue"}),
    "lessons": RECORDS | {"timetable"},
    "readiness": READINESS,
    "readiness-history": READINESS,
    "timetable-grid": RECORDS | {"timetable"},
    "timetable": RECORDS | {"timetable"},
    "timetable-conflicts": CHANGED_LESSONS,
    "oneroster": RECORDS | {"positions", "final_marks", "control_works", "account_holders"},
    "timetable-calendar": RECORDS | {"timetable", "revisions"},
    "gradebook": RECORDS | {"final_marks", "control_works"},
    "gradebook-changes": RECORDS | {"final_marks", "control_works"},
    "fill-completeness": RECORDS | {"timetable", "fill_completeness"},
    "missed-topics": RECORDS,
    "progress": RECORDS | {"timetable", "final_marks"},
    "curriculum": RECORDS | {"timetable", "curricula"},
    "curricula": SETUP | {"curricula"},
    "control-works-schedule": SETUP | {"memberships", "timetable", "control_works"},
    "thematic-plan": RECORDS | {"timetable", "thematic_plans"},
    "substitutions": CHANGED_LESSONS,
    "substitution-hours": CHANGED_LESSONS,
    "lessons-not-made-up": CHANGED_LESSONS,
    "substitution-proposals": RECORDS | {"timetable", "qualifications"},
    "consents": SETUP | {"memberships", "consents", "account_holders"},
    "programme": RECORDS | {"timetable", "curricula", "thematic_plans"},
}
"""By question the projections that it looks into."""


class TooFarToFold(Refusal):
    """The question about the past is too large."""

    status = 422


class PastIsBusy(Refusal):
    """Too many questions about the past are being answered just now."""

    status = 503


class Past:
    """A state of the school as of a position; streams are brought when a question turns out to need them."""

    def __init__(self, state: State, streams: Streams, *, events_max: int = EVENTS_MAX) -> None:
        """Begin with nothing."""
        self.c = state.snapshot.connection
        self.position = state.snapshot.position
        self.events = 0
        self._state, self._streams, self._events_max = state, streams, events_max
        self._chosen: set[str] = set()
        self._whole: set[str] = set()

    @property
    def streams(self) -> frozenset[str]:
        """What was brought so far."""
        return frozenset(self._state.streams)

    def go_on(self, position: int) -> None:
        """Go on to a later position with everything that was brought."""
        self._state.go_on(position)
        self.position = position

    def begin(self) -> None:
        """Have the school with its years."""
        self._bring(self._streams.school())

    def subjects(self) -> None:
        """Have all subjects."""
        self._bring(self._streams.all("subject"))

    def staff(self) -> None:
        """Have all members of staff, and all subjects."""
        self._bring(self._streams.all("staff") | self._streams.all("subject"))

    def classes(self, year: str) -> None:
        """Have the classes and groups of a year with their class teachers."""
        self._bring(self._streams.places_of_year([year]))

    def people(self, *kinds: str) -> None:
        """Have everybody of these kinds: pupil, staff, guardian."""
        self._bring(set().union(*(self._streams.all(kind) for kind in kinds)))

    def rooms(self) -> None:
        """Have all rooms."""
        self._bring(self._streams.all("room"))

    def whole_year(self, year: str) -> None:
        """Have the whole set-up of a year: places, journals, timetable, control works, people, accounts."""
        if year in self._whole:
            return
        self._whole.add(year)
        streams = self._streams
        journals = streams.journals(Choice(years=frozenset({year})))
        places = streams.places_of_year([year])
        kinds = set().union(*(streams.all(kind) for kind in ("subject", "room", "staff", "guardian")))
        self._bring(kinds | places | streams.around(journals) | streams.pupils_in(places))
        self._bring({timetable_stream(year)} | streams.control_works(journals) | streams.accounts())
        self._bring(streams.of_year("curriculum", year))

    def everything(self, year: str, days: tuple[str, str]) -> None:
        """Have all people, classes, journals and marks of a year."""
        self.people("pupil")
        self.whole_year(year)
        self.choose(Choice(years=frozenset({year})))
        self._bring(self._streams.final_marks(self._chosen) | self._streams.lessons(self._chosen, *days))

    def choose(self, choice: Choice) -> None:
        """Have the journals of a choice with what they stand on."""
        self._chosen = self._streams.journals(choice)
        asked = {choice.journal} if choice.journal else set()
        self._bring(choice.named | self._streams.around(self._chosen | asked))

    def members(self, places: Iterable[str]) -> None:
        """Have everybody who was ever put into these classes and groups."""
        self._bring(self._streams.pupils_in(places))

    def pages(self, journals: Sequence[Journal], days: tuple[str, str], pupil: str | None) -> None:
        """Have all that stands on the pages of journals, and everybody who is named there."""
        ids = {one.id for one in journals}
        streams = self._streams
        pupils = streams.pupils_in({one.group for one in journals}) if pupil is None else {pupil}
        others = self._followed(pupils, journals)
        self._bring(pupils | streams.final_marks(ids) | streams.control_works(ids) | streams.around(others))
        self._bring(streams.lessons(ids | others, *days))
        self._bring(self._named([lessons.c.substitute]))
        if pupil is None:
            self._bring(self._named([marks.c.pupil, attendance.c.pupil, recommendations.c.pupil, final_marks.c.pupil]))

    def _followed(self, pupils: Iterable[str], journals: Sequence[Journal]) -> set[str]:
        """Answer the journals of the same subjects and years from which marks may follow pupils who moved."""
        streams, found = self._streams, set[str]()
        places = streams.places_of(pupils) - {one.group for one in journals}
        for subject in {one.subject for one in journals}:
            years = frozenset(one.year for one in journals if one.subject == subject)
            found |= streams.journals(Choice(years=years, subject=subject)) & streams.journals_at(places)
        return found

    def timetable_lessons(self, journals: Iterable[str] | None, days: tuple[str, str], year: str) -> None:
        """Have lessons due and held, with substitutes; of all journals chosen when None."""
        ids = self._chosen if journals is None else set(journals)
        self._bring({timetable_stream(year)} | self._streams.lessons(ids, *days))
        self._bring(self._named([lessons.c.substitute, lessons.c.substitute_subject]) | self._streams.all("room"))

    def whole_timetable(self, year: str) -> None:
        """Have everything that lessons of a year can be in conflict with, and the names of it."""
        self.choose(Choice(years=frozenset({year})))
        streams = self._streams
        places = streams.places_of_year([year]) | streams.places(self._chosen)
        self._bring({timetable_stream(year)} | places | streams.pupils_in(places) | streams.all("room"))
        self._bring(streams.lessons_despite_clashes(self._chosen))
        self._bring(self._named([changes.c.actor]))
        self._bring(self._named([account_holders.c.person]))

    def progress(self, choice: Choice, days: tuple[str, str], period: str) -> None:
        """Have the final marks of the pupils of a choice, and lessons where there are no marks."""
        streams, years = self._streams, choice.years or frozenset()
        if choice.pupil:  # the report lists classes and teachers whether or not the pupil has to do with them
            self.choose(replace(choice, pupil=None))
        places = streams.places(self._chosen) | streams.classes(self._chosen)
        places |= {choice.class_id} if choice.class_id else set()
        for year in years:
            self.classes(year)
            places |= set() if choice.says_which else streams.places_of_year([year])
        pupils = {choice.pupil} if choice.pupil else streams.pupils_in(places)
        everywhere = self._chosen | streams.journals_at(streams.places_of(pupils), years)
        self._bring(pupils | streams.around(everywhere) | streams.final_marks(everywhere))
        self._bring({timetable_stream(one) for one in years})
        marked = sa.select(final_marks.c.journal).where(final_marks.c.period == period).distinct()
        self._bring(streams.lessons(self._chosen - set(self.c.scalars(marked)), *days))

    def missed(self, choice: Choice, days: tuple[str, str], *, only_chosen: bool) -> None:
        """Have the rolls of whatever journals the pupils of a choice were in."""
        streams = self._streams
        if choice.pupil:
            pupils = {choice.pupil}
        elif choice.class_id:
            pupils = streams.pupils_in([choice.class_id])
        elif choice.says_which:
            pupils = streams.pupils_in(streams.places(self._chosen))
        else:
            pupils = streams.all("pupil")
        places = streams.places_of(pupils)
        journals = self._chosen if only_chosen else self._chosen | streams.journals_at(places)
        self._bring(pupils | places | streams.around(journals) | streams.lessons(journals, *days))

    def substitutions(self, days: tuple[str, str], year: str) -> None:
        """Have the lessons of the journals chosen, and who changed them, in whose place, together with what."""
        self.subjects()
        self.timetable_lessons(None, days, year)
        self._bring(self._named([changes.c.actor, changes.c.absent_teacher]))
        hosts = self._named([lessons.c.merged_journal])
        self._bring(self._named([account_holders.c.person]) | self._streams.around(hosts))

    def proposals(self, days: tuple[str, str], year: str) -> None:
        """Have all lessons of a year between two days, who attends them, and all who could give them."""
        self.staff()
        self.choose(Choice(years=frozenset({year})))
        self.timetable_lessons(None, days, year)
        self._bring(self._streams.pupils_in(self._streams.places(self._chosen)))

    def curriculum(self, choice: Choice, days: tuple[str, str], year: str) -> None:
        """Have the curricula of a year, and the journals of a choice with their lessons and pupils."""
        streams = self._streams
        self.subjects()
        self.classes(year)
        self.choose(choice)
        classes = {choice.class_id} if choice.class_id else streams.places_of_year([year])
        self._bring(streams.of_year("curriculum", year) | streams.pupils_in(classes))
        self.timetable_lessons(None, days, year)

    def curricula(self, year: str) -> None:
        """Have the curricula of a year, its classes, and all subjects."""
        self.subjects()
        self.classes(year)
        self._bring(self._streams.of_year("curriculum", year))

    def control_works(self, year: str) -> None:
        """Have the control works and the timetable of all journals of a year."""
        self.classes(year)
        self.choose(Choice(years=frozenset({year})))
        self._bring({timetable_stream(year)} | self._streams.control_works(self._chosen))

    def consents(self, year: str) -> None:
        """Have everybody with what was said about their data, who registered it, and the classes of a year."""
        self.classes(year)
        self.people("pupil", "staff", "guardian", "consents")
        self._bring(self._streams.accounts())

    def _named(self, columns: Sequence[sa.ColumnElement[str]]) -> set[str]:
        """Answer whom or what the rows in memory name."""
        return {found for column in columns for found in self.c.scalars(sa.select(column).distinct()) if found}

    def _bring(self, streams: set[str]) -> None:
        missing = streams - self._state.streams
        if not missing:
            return
        self.events += self._streams.count_events(missing)
        if self.events > self._events_max:
            raise TooFarToFold(
                f"for that moment at least {self.events} events would have to be folded, {self._events_max} are"
                " allowed: choose a class, a journal, a pupil, or fewer days"
            )
        self._state.bring(missing)


class Source(EventSource, Directory, Protocol):
    """The part of an event store that looking back needs."""


@dataclass(frozen=True)
class Then:
    """A moment that a question is about: a position, and the time that is its present."""

    position: int
    now: int
    without_invalidated: bool = False


class Library:
    """Gives pasts; keep one per process: it compiles each question's tables once, and counts who looks back."""

    def __init__(
        self,
        folding: Folding,
        source: Source,
        *,
        at_once: int = AT_ONCE_MAX,
        events_max: int = EVENTS_MAX,
        wait_seconds: float = WAIT_SECONDS_MAX,
    ) -> None:
        """Nothing is opened yet."""
        self._folding, self._source = folding, source
        self._events_max, self._wait_seconds = events_max, wait_seconds
        self._places = BoundedSemaphore(at_once)
        self._memories: dict[str, Memory] = {}

    @contextmanager
    def past(self, question: str, then: Then, live: sa.Connection) -> Iterator[Past]:
        """Give the past of a question; the connection is to a read model that has come to the position at least.

        Raises PastIsBusy when too many look back already; what is brought may raise TooFarToFold.
        """
        with self._place(), self._open(question, then, live) as past:
            yield past

    @contextmanager
    def series(self, question: str, first: Then, last: Then, live: sa.Connection) -> Iterator[Past]:
        """Give the past of the first moment, which goes on to the positions up to the last one's; see `past`."""
        with self._place(), self._open(question, first, live, ahead=last.position) as past:
            yield past

    @contextmanager
    def two(self, question: str, before: Then, after: Then, live: sa.Connection) -> Iterator[tuple[Past, Past]]:
        """Give two pasts of one question, in one turn; see `past`."""
        with self._place(), self._open(question, before, live) as first, self._open(question, after, live) as second:
            yield first, second

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=self._wait_seconds):
            raise PastIsBusy("others are looking back just now: ask again in a moment")
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def _open(self, question: str, then: Then, live: sa.Connection, *, ahead: int | None = None) -> Iterator[Past]:
        memory = self._memory(question)
        with memory.state(
            self._source, upto=then.position, without_invalidated=then.without_invalidated, ahead=ahead
        ) as state:
            yield Past(state, Streams(self._source, live), events_max=self._events_max)

    def _memory(self, question: str) -> Memory:
        memory = self._memories.get(question)
        if memory is None:
            memory = self._memories[question] = Memory(self._folding.only(NEEDED[question]))
        return memory
