"""Who may read what: a pure function of roles and duties, and the only place for it (F1).

Administration and API clients read everything that reports hold. A teacher reads the journals of the own load and of
own substitutions, and all of the class that he or she is class teacher of. A parent reads the rows of the own
children, a pupil only the own ones. Technical support reads neither marks nor personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ejd.kernel.command import NotAllowed
from ejd.kernel.rights import WORDS

ADMINISTRATION = frozenset({"head", "deputy-head"})
WHOLE_SCHOOL = ADMINISTRATION | {"api-client"}
STAFF = WHOLE_SCHOOL | {"teacher"}
EVERYBODY_AT_SCHOOL = STAFF | {"parent", "pupil"}

PEOPLE = frozenset({"head", "deputy-head", "teacher", "pupil", "parent", "support"})

READERS: Mapping[str, frozenset[str]] = {
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
    "step-up": PEOPLE,
    "set-password": PEOPLE,
    "imports": ADMINISTRATION,
    "import": ADMINISTRATION,
    "import-upload": ADMINISTRATION,
    "import-apply": ADMINISTRATION,
    "import-undo": ADMINISTRATION,
}
"""By question the roles that may ask it at all; `Sight` says about what."""


class Duties(NamedTuple):
    """What somebody has to do with the school in the days asked about; ids.

    `journals`: own load or substitution. `classes`: as class teacher. `pupils`: own children, or oneself.
    """

    journals: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    pupils: frozenset[str] = frozenset()


class Sight(NamedTuple):
    """What somebody may see of the answer to one question."""

    everything: bool
    duties: Duties

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


def check_reader(question: str, roles: frozenset[str]) -> None:
    """Raise NotAllowed unless one of the roles may ask the question at all."""
    readers = READERS[question]
    if roles.isdisjoint(readers):
        who = ", ".join(word for role, word in WORDS.items() if role in readers)
        msg = f"this can be read by: {who}. Ask the administration for the role, or for the answer"
        raise NotAllowed(msg)


def reads_whole_school(roles: frozenset[str]) -> bool:
    """Say whether the duties need not be looked up."""
    return not roles.isdisjoint(WHOLE_SCHOOL)


def sight(question: str, roles: frozenset[str], duties: Duties) -> Sight:
    """Answer what the roles and duties of today let somebody see; raises NotAllowed for who may not ask at all."""
    check_reader(question, roles)
    if reads_whole_school(roles):
        return Sight(everything=True, duties=Duties())
    teaches = "teacher" in roles
    family = not roles.isdisjoint({"parent", "pupil"}) and "parent" in READERS[question]
    return Sight(
        everything=False,
        duties=Duties(
            journals=duties.journals if teaches else frozenset(),
            classes=duties.classes if teaches else frozenset(),
            pupils=duties.pupils if family else frozenset(),
        ),
    )
