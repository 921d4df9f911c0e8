"""From what was asked for to what may be answered: what the asker cannot know of is 404, what is known is 403."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import sqlalchemy as sa
from pydantic import Field

from ejd.history.choosing import Choice
from ejd.http.asking import EVER, Asking, QuestionParameters, ReportParameters
from ejd.http.problems import Malformed, NotThere
from ejd.kernel.command import NotAllowed
from ejd.kernel.consents import Verdict
from ejd_commands.fields import Code, Day, Id
from ejd_projections.journal_catalogue import Journal, classes_by_name, find_journals, groups_by_name
from ejd_projections.memberships import stays_in, stays_of
from ejd_projections.people import people_by_id
from ejd_projections.period import Selection, select_days
from ejd_projections.school_catalogue import Year, find_year, subjects_by_name

PERSON_KINDS = {"teacher": "staff", "pupil": "pupil"}


class NoConsent(NotAllowed):
    """The family has not agreed to the electronic form."""


class OfYear(QuestionParameters):
    """Which academic year."""

    year: Annotated[Id | None, Field(description="The academic year; the present one by default.")] = None


class InDays(OfYear):
    """Which days: a period's code, or dates, or a scheme's current period, or else the default of the report."""

    period: Annotated[Code | None, Field(description="Code of a grading period, such as q1.")] = None
    scheme: Annotated[Code | None, Field(description="Grading periods such as quarters: the current one.")] = None
    first: Annotated[Day | None, Field(alias="from", description="First day, instead of a period.")] = None
    last: Annotated[Day | None, Field(alias="to", description="Last day, included.")] = None

    @property
    def says_when(self) -> bool:
        """Whether days were chosen."""
        return any(one is not None for one in (self.period, self.scheme, self.first, self.last))


class OfWhom(OfYear):
    """About whom: every condition given must hold."""

    class_id: Annotated[Id | None, Field(alias="class", description="A class.")] = None
    group: Annotated[Id | None, Field(description="A class or a teaching group: journals kept for just this one.")] = (
        None
    )
    journal: Annotated[Id | None, Field(description="One journal.")] = None
    subject: Annotated[Id | None, Field(description="A subject.")] = None
    teacher: Annotated[Id | None, Field(description="A staff member.")] = None
    pupil: Annotated[Id | None, Field(description="A pupil; a parent's only child by default.")] = None


class OfDays(InDays, OfWhom):
    """About whom, in which days."""


class YearParameters(OfYear, ReportParameters):
    """A report of a year."""


class WhomParameters(OfWhom, YearParameters):
    """A report about somebody."""


class ChoiceParameters(OfDays, WhomParameters):
    """A report about somebody and days."""


def year_of(asking: Asking, query: OfYear) -> Year:
    """Answer the year of a question; raises NotThereError."""
    return find_year(asking.c, year=query.year, day=None if query.year else asking.today)


def days_of(asking: Asking, query: InDays) -> Selection:
    """Answer the days of a question; raises NotThereError and SelectionError."""
    return select_days(
        year_of(asking, query),
        today=asking.today,
        period=query.period,
        scheme=query.scheme,
        first=query.first.isoformat() if query.first else None,
        last=query.last.isoformat() if query.last else None,
    )


def check_there(asking: Asking, query: OfWhom) -> None:
    """Raise NotThere for an id that nothing at this school has."""
    c = asking.c
    if query.class_id and not classes_by_name(c, ids=[query.class_id]):
        raise not_there("class")
    if query.group and not (classes_by_name(c, ids=[query.group]) or groups_by_name(c, ids=[query.group])):
        raise not_there("group")
    if query.journal and not find_journals(c, ids=[query.journal]):
        raise not_there("journal")
    if query.subject and not subjects_by_name(c, ids=[query.subject]):
        raise not_there("subject")
    for field, kind in PERSON_KINDS.items():
        person = getattr(query, field)
        if person and people_by_id(c, [person]).get(person, _NOBODY).kind != kind:
            raise not_there(field)


class _NoKind:
    kind = ""


_NOBODY = _NoKind()


def not_there(field: str) -> NotThere:
    """Answer what is said of an id that nothing has, and of what the asker may not know of: letter by letter."""
    return NotThere(f"there is no such {field}: look it up in GET /api/v1/journals or /api/v1/classes", field=field)


def check_known(asking: Asking, *, journal: str | None = None, pupil: str | None = None) -> None:
    """Raise NotThere for a journal or pupil that the asker has nothing to do with, in these days or any others."""
    if asking.sight.everything or (journal is None and pupil is None):
        return
    ever = asking.ever_taught()
    duties = ever.duties
    if journal is not None:
        row = next(iter(find_journals(asking.live, ids=[journal])), None)
        if row is None or not (
            ever.whole_journal(row.id, row.group)
            or ever.part_of_journal(frozenset(row.classes))
            or row.group in _places(asking, duties.pupils | asking.unshown.keys())
        ):
            raise not_there("journal")
    if pupil is not None and pupil not in asking.unshown and not knows_pupil(asking, pupil):
        raise not_there("pupil")


def knows_pupil(asking: Asking, pupil: str) -> bool:
    """Say whether the asker may know of a pupil: the own child, or one who was ever in the own class or journals."""
    ever = asking.ever_taught()
    if ever.everything or ever.family(pupil):
        return True
    taught = find_journals(asking.live, ids=ever.duties.journals) if ever.duties.journals else []
    return not _places(asking, [pupil]).isdisjoint(ever.duties.classes | {one.group for one in taught})


def _places(asking: Asking, pupils: Collection[str]) -> set[str]:
    """Answer every class and group that pupils are or were in, as is known today."""
    return {stay.place for stay in stays_of(asking.live, sorted(pupils), first=EVER[0], last=EVER[1])}


class Allowed:
    """The journals that were asked for and may be seen, with the one pupil of a family's question.

    `partial` are journals of which only rows of `pupils_seen` may be seen: a class teacher's view of a group.
    """

    def __init__(  # noqa: PLR0913 - what may be seen, and how much of it
        self,
        journals: Sequence[Journal],
        *,
        pupil: str | None,
        restricted: bool = False,
        partial: Collection[str] = (),
        pupils_seen: Collection[str] = (),
        own_classes: Collection[str] = (),
    ) -> None:
        """Keep what was found; `restricted`: there may be more that was asked for and is not shown."""
        self.journals = list(journals)
        self.pupil = pupil
        self.restricted = restricted
        self.partial = frozenset(partial)
        self.pupils_seen = frozenset(pupils_seen)
        self._own_classes = frozenset(own_classes)

    def whole_class(self, class_id: str | None) -> bool:
        """Say whether the class was named and is the reader's own."""
        return class_id in self._own_classes

    @property
    def ids(self) -> list[str]:
        """The journals' ids."""
        return [one.id for one in self.journals]

    @property
    def whole_ids(self) -> list[str]:
        """The ids of those of which every row may be seen."""
        return [one.id for one in self.journals if one.id not in self.partial]


def choice_of(asking: Asking, query: WhomParameters, year: str | None) -> Choice:
    """Answer what to have for a question: the only pupil of a family's question is implied."""
    own = asking.sight.duties.pupils
    family = len(own) == 1 and not asking.sight.staff
    return Choice(
        years=None if year is None else frozenset({year}),
        class_id=query.class_id,
        group=query.group,
        journal=query.journal,
        subject=query.subject,
        teacher=query.teacher,
        pupil=query.pupil or (next(iter(own)) if family else None),
    )


def allowed_journals(asking: Asking, query: WhomParameters, days: Selection, *, any_year: bool = False) -> Allowed:
    """Answer the journals of a choice that the asker may see between two days.

    `any_year`: the report will look into journals of other years too. Raises NotThere, NotAllowed, and Malformed when
    a parent of several children names none of them.
    """
    asking.ground.choose(choice_of(asking, query, None if any_year else days.year))
    check_there(asking, query)
    check_known(asking, journal=query.journal, pupil=query.pupil)
    seen = asking.taught(days.first, days.last)
    pupil = own_pupil(asking, query)
    found = _chosen(asking.c, query, pupil or query.pupil, days)
    if seen.everything or (pupil is not None and seen.family(pupil)):
        return Allowed(found, pupil=pupil or query.pupil)
    strangers = asking.strangers(days.first, days.last)
    if strangers and query.class_id in seen.duties.classes:
        raise NotAllowed(
            "then somebody was in your class who was not, by what is known today: ask about your own journals, or ask"
            " the administration"
        )
    whole = {
        one.id
        for one in found
        if seen.whole_journal(one.id, one.group) and (one.id in seen.duties.journals or not strangers)
    }
    partial = {one.id for one in found if one.id not in whole and seen.part_of_journal(frozenset(one.classes))}
    kept = [one for one in found if one.id in whole or one.id in partial]
    if found and not kept:
        msg = "this is not in your load today, nor of your class: ask about a lesson that you substitute by its day"
        raise NotAllowed(msg)
    classmates: set[str] = set()
    if partial:
        classmates = {
            one.stream for one in stays_in(asking.live, seen.duties.classes, first=days.first, last=days.last)
        }
    return Allowed(
        kept,
        pupil=query.pupil,
        restricted=True,
        partial=partial,
        pupils_seen=classmates,
        own_classes=seen.duties.classes,
    )


def own_pupil(asking: Asking, query: WhomParameters) -> str | None:
    """Answer the pupil when the question is one of a family: the one named, or the only one there is.

    A teacher who has a child at the school asks as a parent by naming the child. None: it is no such question. To a
    family nobody else's child is there: NotThere says of it what it says of an id that nobody has.
    """
    own = asking.sight.duties.pupils
    if query.pupil in own:
        return query.pupil
    if query.pupil is not None and query.pupil in asking.unshown:
        raise _no_consent(asking.unshown[query.pupil])
    if asking.sight.everything or asking.sight.staff:
        return None
    if query.pupil is not None:
        raise not_there("pupil")
    if not own and asking.unshown:
        raise _no_consent(next(iter(asking.unshown.values())))
    if not own:
        raise NotAllowed("you have no child at the school today: ask the office who is registered as guardian")
    if len(own) > 1:
        raise Malformed("you have several children here: say which one in `pupil`", field="pupil")
    return next(iter(own))


def _no_consent(verdict: Verdict) -> NoConsent:
    return NoConsent(
        f"nothing is shown in electronic form about this pupil ({verdict.reason}): the school informs you on paper;"
        " GET /api/v1/reports/consents says whose word it is, give-consent changes your own"
    )


def _chosen(c: sa.Connection, query: WhomParameters, pupil: str | None, days: Selection) -> list[Journal]:
    """Answer the journals that meet all conditions; a pupil's are those of the classes and groups of the days."""
    groups = None if query.group is None else {query.group}
    if pupil is not None:
        own = {stay.place for stay in stays_of(c, [pupil], first=days.first, last=days.last)}
        groups = own if groups is None else groups & own
    return find_journals(
        c,
        year=days.year,
        class_id=query.class_id,
        groups=groups,
        subject=query.subject,
        teacher=query.teacher,
        first=days.first,
        last=days.last,
        ids=None if query.journal is None else [query.journal],
    )
