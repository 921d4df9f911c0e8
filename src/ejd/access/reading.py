"""What questions declare about themselves, and what grants and duties let somebody see of their answers (F1).

Whether a role may ask, `ejd.kernel.access` decides.

Administration and API clients read everything that reports hold. A teacher reads the journals of the own load and of
own substitutions, and all of the class that he or she is class teacher of. A parent reads the rows of the own
children, a pupil only the own ones. Technical support reads neither marks nor personal data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ejd.kernel.access import Access, Held, ThingKind, admits
from ejd.kernel.command import NotAllowed
from ejd.kernel.events.accounts import Role
from ejd.kernel.rights import WORDS

ADMINISTRATION: frozenset[Role] = frozenset({"head", "deputy-head"})
WHOLE_SCHOOL: frozenset[Role] = ADMINISTRATION | {"api-client"}
STAFF: frozenset[Role] = WHOLE_SCHOOL | {"teacher"}
EVERYBODY_AT_SCHOOL: frozenset[Role] = STAFF | {"parent", "pupil"}

PEOPLE: frozenset[Role] = frozenset({"head", "deputy-head", "teacher", "pupil", "parent", "support"})

READERS: Mapping[str, frozenset[Role]] = {
    "school": EVERYBODY_AT_SCHOOL | {"support"},
    "classes": EVERYBODY_AT_SCHOOL,
    "grading-systems": EVERYBODY_AT_SCHOOL,
    "curricula": EVERYBODY_AT_SCHOOL,
    "staff": STAFF,
    "journals": EVERYBODY_AT_SCHOOL,
    "members": STAFF,
    "loads": STAFF,
    "people": STAFF,
    "timetable-grid": EVERYBODY_AT_SCHOOL,
    "production-calendar": EVERYBODY_AT_SCHOOL,
    "production-calendar-file": WHOLE_SCHOOL,
    "calendar": EVERYBODY_AT_SCHOOL,
    "rooms": EVERYBODY_AT_SCHOOL,
    "timetable-calendar": EVERYBODY_AT_SCHOOL,
    "oneroster": WHOLE_SCHOOL,
    "lessons": EVERYBODY_AT_SCHOOL,
    "timetable": EVERYBODY_AT_SCHOOL,
    "timetable-conflicts": WHOLE_SCHOOL,
    "timetable-preview": WHOLE_SCHOOL,
    "gradebook": EVERYBODY_AT_SCHOOL,
    "gradebook-changes": EVERYBODY_AT_SCHOOL,
    "progress": EVERYBODY_AT_SCHOOL,
    "missed-topics": EVERYBODY_AT_SCHOOL,
    "fill-completeness": STAFF,
    "curriculum": STAFF,
    "thematic-plan": STAFF,
    "control-works-schedule": STAFF,
    "programme": STAFF,
    "looks": ADMINISTRATION | {"teacher", "parent", "pupil"},
    "consents": ADMINISTRATION | {"teacher", "parent", "pupil"},
    "readiness": STAFF,
    "year-closing": ADMINISTRATION,
    "next-year": ADMINISTRATION,
    "readiness-history": WHOLE_SCHOOL,
    "substitutions": STAFF,
    "substitution-hours": STAFF,
    "lessons-not-made-up": STAFF,
    "substitution-proposals": ADMINISTRATION,
    "events": ADMINISTRATION,
    "breaches": ADMINISTRATION | {"support"},
    "breach": ADMINISTRATION | {"support"},
    "breach-dependents": ADMINISTRATION,
    "breach-preview": ADMINISTRATION,
    "erasures": ADMINISTRATION,
    "person-data": ADMINISTRATION | {"teacher", "parent", "pupil"},
    "outbox": ADMINISTRATION,
    "open-dependents": ADMINISTRATION,
    "without-basis": ADMINISTRATION,
    "audit-corrections": ADMINISTRATION,
    "audit-requests": ADMINISTRATION,
    "audit-signals": ADMINISTRATION,
    "audit-cell": ADMINISTRATION,
    "audit-lesson": ADMINISTRATION,
    "audit-final-mark": ADMINISTRATION,
    "session": PEOPLE,
    "sign-out": PEOPLE,
    "sessions": PEOPLE,
    "end-session": PEOPLE,
    "end-other-sessions": PEOPLE,
    "begin-totp": PEOPLE,
    "begin-passkey": PEOPLE,
    "second-factors": PEOPLE,
    "add-second-factor": PEOPLE,
    "recovery-codes": PEOPLE,
    "remove-second-factor": PEOPLE,
    "step-up": PEOPLE,
    "set-password": PEOPLE,
    "issue-codes": ADMINISTRATION | {"teacher", "support"},
    "tokens": PEOPLE | {"api-client"},
    "imports": ADMINISTRATION,
    "import": ADMINISTRATION,
    "import-upload": ADMINISTRATION,
    "import-apply": ADMINISTRATION,
    "import-undo": ADMINISTRATION,
}
"""By question the roles that may ask it at all; `Sight` says about what."""

DIRECTORY = frozenset(
    {
        "school",
        "classes",
        "grading-systems",
        "production-calendar",
        "calendar",
        "rooms",
        "curricula",
    }
)
"""Questions about what everybody at school may know; a role for a part of the school is enough."""
ONESELF = frozenset(
    {
        "session",
        "sign-out",
        "sessions",
        "end-session",
        "end-other-sessions",
        "step-up",
        "set-password",
        "begin-totp",
        "begin-passkey",
        "second-factors",
        "add-second-factor",
        "recovery-codes",
        "remove-second-factor",
        "tokens",
    }
)
"""Questions about the own account; codes for others are commands, and judged as such."""
NARROWED = frozenset(
    {
        "timetable-grid",
        "consents",
        "journals",
        "members",
        "loads",
        "people",
        "timetable-calendar",
        "lessons",
        "timetable",
        "gradebook",
        "gradebook-changes",
        "progress",
        "missed-topics",
        "fill-completeness",
        "curriculum",
        "thematic-plan",
        "control-works-schedule",
        "programme",
        "readiness",
        "substitutions",
        "substitution-hours",
        "lessons-not-made-up",
    }
)
"""Questions whose answers `Sight` narrows to journals, classes and pupils; all others are about the whole school."""

MARKS = frozenset({"gradebook", "gradebook-changes", "progress", "missed-topics"})
"""Questions that answer marks and absences: a load that has ended, or not begun, shows none of them."""


def declared(question: str) -> Access:
    """Answer what a question declares about itself; raises KeyError for one that READERS does not know."""
    thing: ThingKind = (
        "directory" if question in DIRECTORY | ONESELF else "journal" if question in NARROWED else "school"
    )
    return Access("read", thing, readers=READERS[question])


QUESTIONS: Mapping[str, Access] = {question: declared(question) for question in READERS}
"""The declaration of every question by its name."""


class Duties(NamedTuple):
    """What somebody has to do with the school in the days asked about; ids.

    `journals`: own load or substitution, or a grant for them. `classes`: as class teacher, or a grant. `pupils`: own
    children, oneself, or a grant.
    """

    journals: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    pupils: frozenset[str] = frozenset()


class Sight(NamedTuple):
    """What somebody may see of the answer to one question; every list, report and export takes it.

    `staff`: asks for the school's work, not about the own family. `teaches`: the loads of the days asked about count.
    `marks`: the answer has marks, which only the duties of today show. `personal`: may see names, contacts and free
    text at all.
    """

    everything: bool
    duties: Duties
    staff: bool = True
    teaches: bool = False
    marks: bool = False
    personal: bool = True

    def whole_journal(self, journal: str, group: str) -> bool:
        """Say whether all rows of a journal may be seen; `group` is the class or teaching group that it is for."""
        return self.everything or journal in self.duties.journals or group in self.duties.classes

    def part_of_journal(self, classes: frozenset[str]) -> bool:
        """Say whether rows may be seen of those pupils of a journal who are in the reader's own class."""
        return not self.duties.classes.isdisjoint(classes)

    def whole_class(self, class_id: str) -> bool:
        """Say whether everything about all pupils of a class may be seen."""
        return self.everything or class_id in self.duties.classes

    def family(self, pupil: str) -> bool:
        """Say whether the pupil is the reader, or the reader's child."""
        return pupil in self.duties.pupils


def check_reader(question: str, grants: Sequence[Held]) -> None:
    """Raise NotAllowed unless one of the roles may ask the question at all."""
    verdict = admits(QUESTIONS[question], grants)
    if verdict.lacks == "scope":
        msg = "your role counts for a part of the school only, and this is about all of it: ask the administration"
        raise NotAllowed(msg)
    if not verdict.allowed:
        who = ", ".join(word for role, word in WORDS.items() if role in READERS[question])
        msg = f"this can be read by: {who}. Ask the administration for the role, or for the answer"
        raise NotAllowed(msg)


def reads_whole_school(grants: Sequence[Held]) -> bool:
    """Say whether the duties need not be looked up."""
    return any(grant.role in WHOLE_SCHOOL and grant.scope is None for grant in grants)


def of_administration(grants: Sequence[Held]) -> bool:
    """Say whether somebody is head or deputy head of the whole school."""
    return any(grant.role in ADMINISTRATION and grant.scope is None for grant in grants)


def sight(question: str, grants: Sequence[Held], duties: Duties) -> Sight:
    """Answer what the grants and duties of today let somebody see; raises NotAllowed for who may not ask at all."""
    check_reader(question, grants)
    readers = READERS[question]
    personal = any(grant.role != "support" for grant in grants if grant.role in readers)
    if reads_whole_school([grant for grant in grants if grant.role in readers]):
        return Sight(everything=True, duties=Duties(), personal=personal)
    roles = {grant.role for grant in grants if grant.role in readers and grant.scope is None}
    family = not roles.isdisjoint({"parent", "pupil"})
    own = Duties(
        journals=duties.journals if "teacher" in roles else frozenset(),
        classes=duties.classes if "teacher" in roles else frozenset(),
        pupils=duties.pupils if family else frozenset(),
    )
    parts = [grant for grant in grants if grant.role in readers and grant.scope is not None]
    return Sight(
        everything=False,
        duties=_with_parts(own, parts, duties),
        staff=bool(roles & STAFF) or any(grant.role in STAFF and _is_of_staff(grant) for grant in parts),
        teaches=any(grant.role == "teacher" and grant.role in readers for grant in grants),
        marks=question in MARKS,
        personal=personal,
    )


def _is_of_staff(grant: Held) -> bool:
    """Say whether a grant for a part of the school is for its work: one for a child is as a family sees it."""
    return grant.scope is not None and grant.scope.kind != "child"


def _with_parts(own: Duties, parts: Sequence[Held], duties: Duties) -> Duties:
    """Answer the duties with what is granted for parts of the school; a parent's child is the own child all the same.

    A teacher's grant for a journal opens nothing by itself: it takes the load too.
    """
    kinds: dict[str, set[str]] = {"class": set(), "journal": set(), "child": set()}
    for grant in parts:
        if grant.scope is None or grant.role == "teacher":
            continue
        if grant.role != "parent" or grant.scope.id in duties.pupils:
            kinds[grant.scope.kind].add(grant.scope.id)
    return Duties(own.journals | kinds["journal"], own.classes | kinds["class"], own.pupils | kinds["child"])


def taught_within(grants: Sequence[Held]) -> frozenset[str] | None:
    """Answer the journals that a teacher's role is for; None: every one of the own load."""
    own = [grant for grant in grants if grant.role == "teacher"]
    if any(grant.scope is None for grant in own):
        return None
    return frozenset(grant.scope.id for grant in own if grant.scope is not None)
