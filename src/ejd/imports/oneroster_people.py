"""People of a OneRoster export: users with their roles, birth dates, and who acts for whom."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal

from ejd.imports.oneroster_rows import GONE, OWN, Rows, listed
from ejd.imports.roster_file import Guardian, Guardianship, Refused, StaffMember, refused
from ejd.imports.tables import Row
from ejd.imports.titles import title

__all__ = ["PeopleReader", "UserKind", "kind_of_role"]

UserKind = Literal["pupil", "staff", "guardian"]
POSITIONS: Final[Mapping[str, str]] = {
    "teacher": "учитель",
    "professor": "преподаватель",
    "faculty": "преподаватель",
    "aide": "ассистент",
    "principal": "директор",
    "administrator": "администратор",
    "siteadministrator": "администратор",
    "systemadministrator": "администратор",
    "districtadministrator": "администратор",
    "counselor": "педагог-психолог",
    "proctor": "организатор",
    "staff": "сотрудник",
}
"""Roles of people who work at the school (CSV binding 1.2, roles.csv; `professor`, `faculty`, `staff` are of SDS)."""
_FAMILY: Final = frozenset({"parent", "guardian", "relative"})
_BY_SEX: Final[Mapping[str, str]] = {"male": "father", "female": "mother"}


def kind_of_role(role: str) -> UserKind | None:
    """Answer what somebody with a role is to the school, None for a role that is not known."""
    role = role.casefold()
    if role == "student":
        return "pupil"
    if role in _FAMILY:
        return "guardian"
    return "staff" if role in POSITIONS else None


class PeopleReader:
    """Reads users.csv, roles.csv, demographics.csv and relationships.csv; `pupils` become whole with their classes."""

    def __init__(self, tables: Mapping[str, Rows], refusals: list[Refused], notes: list[str]) -> None:
        self.staff: dict[str, StaffMember] = {}
        self.pupils: dict[str, dict[str, Any]] = {}
        """Fields of a `Pupil` by id, without the class."""
        self.grades: dict[str, str] = {}
        self.guardians: dict[str, Guardian] = {}
        self.guardianships: dict[str, Guardianship] = {}
        self._refusals, self._notes = refusals, notes
        self._birth_dates, self._sexes = self._demographics(tables["demographics"])
        self._roles = self._roles_of(tables["roles"])
        self._family: dict[str, str] = {}
        pairs = self._relationships(tables["relationships"])
        agents = self._users(tables["users"])
        self._guardianships([*agents, *pairs])

    def _demographics(self, rows: Rows) -> tuple[dict[str, date], dict[str, str]]:
        born: dict[str, date] = {}
        sexes: dict[str, str] = {}
        heading = "userSourcedId" if "userSourcedId" in rows.headings else "sourcedId"
        for key, row in rows.by_id(self._refusals, heading):
            found = rows.day(row, "birthDate", self._refusals, needed=False)
            if found is not None:
                born[key] = found
            sexes[key] = row.text("sex").casefold()
        return born, sexes

    def _roles_of(self, rows: Rows) -> dict[str, list[str]]:
        """Answer the roles of users, the primary one first; roles.csv of SDS has no ids of its own."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows.rows:
            role = row.text("role").casefold()
            if row.text("status") == GONE:
                continue
            if kind_of_role(role) is None:
                self._refusals.append(refused(row.at, "this role is not known", "role", row.text("role")))
                continue
            first = row.text("roleType").casefold() == "primary" or row.text("isPrimary").casefold() == "true"
            found[row.text("userSourcedId")].insert(0 if first else len(found[row.text("userSourcedId")]), role)
            if row.text("grade"):
                self.grades.setdefault(row.text("userSourcedId"), row.text("grade"))
        return found

    def _relationships(self, rows: Rows) -> list[tuple[str, str, Row]]:
        pairs = []
        for row in rows.rows:
            guardian, pupil = row.text("relationshipUserSourcedId"), row.text("userSourcedId")
            self._family[guardian] = row.text("relationshipRole").casefold()
            pairs.append((guardian, pupil, row))
        return pairs

    def _users(self, rows: Rows) -> list[tuple[str, str, Row]]:
        """Read the users and answer the pairs (user, agent) that they name."""
        pairs: list[tuple[str, str, Row]] = []
        for key, row in rows.by_id(self._refusals):
            roles = self._roles.get(key) or [each.casefold() for each in listed(row.text("role"))]
            if not roles and key in self._family:
                roles = ["guardian"]
            kinds = {kind: role for role in reversed(roles) if (kind := kind_of_role(role)) is not None}
            if not kinds:
                self._refusals.append(refused(row.at, "no known role: neither here nor in roles.csv", "role"))
                continue
            missing = next((each for each in ("familyName", "givenName") if not row.text(each)), None)
            if missing is not None:
                self._refusals.append(refused(row.at, "a name is missing", missing))
                continue
            for kind, role in kinds.items():
                self._person(key, kind, role, row, rows)
            pairs += [(agent, key, row) for agent in listed(row.text("agentSourcedIds"))]
        return pairs

    def _person(self, key: str, kind: UserKind, role: str, row: Row, rows: Rows) -> None:
        named: dict[str, Any] = {
            "key": key,
            "at": row.at,
            "gone": row.text("status") == GONE,
            "family": row.text("familyName"),
            "given": row.text("givenName"),
            "middle": row.text("middleName"),
        }
        if kind == "pupil":
            self.pupils[key] = {**named, "birth_date": self._birth_dates.get(key)}
            grades = listed(row.text("grades"))
            if grades:
                self.grades[key] = grades[0]
        elif kind == "staff":
            employed = rows.day(row, OWN + "employedOn", self._refusals, needed=False)
            position = row.text(OWN + "position")
            said: dict[str, Any] = {"position": title(position or POSITIONS[role]), "position_stated": bool(position)}
            self.staff[key] = StaffMember(**named, **said, employed_on=employed)
        else:
            self._family.setdefault(key, role)
            phone = row.text("phone") or row.text("sms")
            self.guardians[key] = Guardian(**named, email=row.text("email"), phone=phone)

    def _guardianships(self, pairs: list[tuple[str, str, Row]]) -> None:
        """Take the pairs of a guardian and a pupil; which of the two names the other differs between exports."""
        for one, other, row in pairs:
            guardian, pupil = (one, other) if one in self.guardians else (other, one)
            if guardian not in self.guardians or pupil not in self.pupils:
                reason = "an agent is nobody who could act for a pupil of this file"
                self._refusals.append(refused(row.at, reason, "agentSourcedIds", one))
                continue
            key = f"{guardian}/{pupil}"
            relation = self._relation(guardian)
            gone = self.guardians[guardian].gone or bool(self.pupils[pupil]["gone"])
            made = Guardianship(key=key, at=row.at, gone=gone, guardian=guardian, pupil=pupil, relation=relation)
            self.guardianships.setdefault(key, made)

    def _relation(self, guardian: str) -> str:
        role = self._family.get(guardian, "")
        if role == "parent":
            return _BY_SEX.get(self._sexes.get(guardian, ""), "other")
        return "guardian" if role == "guardian" else "other"
