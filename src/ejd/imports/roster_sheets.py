"""A roster in the lists of a school: pupils, staff, classes, groups, loads, subjects, all known by their names."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from ejd.imports.days import day_of
from ejd.imports.roster_file import (
    ClassTeacher,
    Group,
    Guardian,
    Guardianship,
    HomeStay,
    Journal,
    Load,
    Member,
    Pupil,
    Refused,
    Roster,
    SchoolClass,
    StaffMember,
    Subject,
    Thing,
)
from ejd.imports.roster_ground import class_key, group_key, name_key
from ejd.imports.sheet_curricula import CurriculaReader
from ejd.imports.sheet_words import GROUP_KINDS, RELATIONS, ListKind
from ejd.imports.sheets import ListRow, ReadList, read_lists
from ejd.imports.tables import heading_key
from ejd.imports.titles import grade_of, title
from ejd.kernel.titles import NAME_CHARACTERS_MAX
from ejd_commands.fields import CONTACT_CHARACTERS_MAX, GRADE_MAX, SHORT_CHARACTERS_MAX
from ejd_commands.journals import HOURS_PER_WEEK_MAX

__all__ = ["read_roster", "staff_words"]

_CYRILLIC: Final = str.maketrans("ABCEHKMOPTXYabcehkmoptxy", "АВСЕНКМОРТХУавсенкмортху")
_CLASS: Final = re.compile(r"\d{1,2}\s*[-«\"]?\s*[^\W\d_]{0,3}[»\"]?(?!\w)")
_LIST: Final = re.compile(r"[,;\n]")


def read_roster(files: Mapping[str, bytes]) -> Roster:
    """Answer the roster in XLSX and CSV lists; raises ImportRefused."""
    reader = _Reader()
    lists = list(read_lists(files, reader.refusals, reader.notes))
    for kind, read in reader.readers():
        for each in lists:
            if each.kind == kind:
                for row in each.rows:
                    read(row, each)
    return reader.roster(sum(len(each.rows) for each in lists))


def staff_words(text: str) -> str:
    """Answer the key of a name in one cell: family|given|middle, initials as they are without dots."""
    words = text.replace(".", " ").split()
    return name_key(*[*words, "", "", ""][:3])


class _Named(NamedTuple):
    """Somebody of the file by the parts of the name, and by the class of a pupil."""

    key: str
    parts: list[str]
    home: str = ""


class _Reader:
    def __init__(self) -> None:
        self.refusals: list[Refused] = []
        self.notes: list[str] = []
        self._things: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self._by_family: defaultdict[tuple[str, str], list[_Named]] = defaultdict(list)
        self._latin = 0
        self._curricula = CurriculaReader(self.refusals, lambda text: class_key(self._class_name(text)))

    def readers(self) -> list[tuple[ListKind, Callable[[ListRow, ReadList], None]]]:
        """Answer who reads which list, in the order in which one needs the other."""
        return [
            ("subjects", self._subject),
            ("staff", self._staff_member),
            ("classes", self._class),
            ("pupils", self._pupil),
            ("groups", self._group),
            ("members", self._member),
            ("load", self._load),
            ("curricula", lambda row, _: self._curricula.take(row, self._listed(row, "classes"))),
        ]

    def roster(self, rows: int) -> Roster:
        """Answer everything that was read."""
        if self._latin:
            self.notes.append(f"Names of classes with Latin letters, taken as Russian ones: {self._latin}.")
        found: dict[str, Any] = {name: tuple(each.values()) for name, each in self._things.items()}
        return Roster(
            format="roster",
            rows=rows,
            curricula=self._curricula.curricula(),
            refusals=tuple(self.refusals),
            notes=tuple(self.notes),
            **found,
        )

    def _put(self, name: str, thing: Thing, row: ListRow, *, once: bool = True) -> bool:
        if thing.key in self._things[name]:
            if once:
                self.refusals.append(row.refuse("this stands in the file twice: the first row counts"))
            return False
        self._things[name][thing.key] = thing
        return True

    def _need(self, row: ListRow, *fields: str) -> bool:
        for field in fields:
            if not row.texts.get(field):
                self.refusals.append(row.refuse("this cell is empty", field))
                return False
        return True

    def _subject(self, row: ListRow, _: ReadList) -> None:
        if self._need(row, "subject"):
            name = title(row.texts["subject"])
            short = row.texts.get("short", "")[:SHORT_CHARACTERS_MAX]
            self._put("subjects", Subject(key=name.casefold(), at=row.at, title=name, short=short), row)

    def _names(self, row: ListRow) -> dict[str, Any] | None:
        """Answer the parts of a name, from three columns or from one."""
        full = row.texts.get("full", "").split()
        family = row.texts.get("family") or (full[0] if full else "")
        given = row.texts.get("given") or (full[1] if len(full) > 1 else "")
        middle = row.texts.get("middle") or " ".join(full[2:])
        parts = {"family": family, "given": given, "middle": middle}
        missing = next((field for field in ("family", "given") if not parts[field]), None)
        if missing is not None:
            self.refusals.append(row.refuse("a part of the name is missing", missing))
            return None
        if any(len(part) > NAME_CHARACTERS_MAX or not part.isprintable() for part in parts.values()):
            self.refusals.append(row.refuse(f"a name has at most {NAME_CHARACTERS_MAX} printable characters", "family"))
            return None
        return parts

    def _staff_member(self, row: ListRow, _: ReadList) -> None:
        parts = self._names(row)
        if parts is None:
            return
        key = f"code/{row.texts['code']}" if row.texts.get("code") else name_key(*parts.values())
        position, subjects = row.texts.get("position", ""), self._listed(row, "subjects")
        stated = bool(position.strip())
        said: dict[str, Any] = {"position": title(position) if stated else "", "position_stated": stated}
        member = StaffMember(key=key, at=row.at, **parts, **said, subjects=subjects)
        if self._put("staff", member, row):
            named_so = _Named(key, name_key(*parts.values()).split("|"))
            self._by_family["staff", named_so.parts[0]].append(named_so)

    def _listed(self, row: ListRow, field: str) -> tuple[str, ...]:
        return tuple(" ".join(each.split()) for each in _LIST.split(row.texts.get(field, "")) if each.strip())

    def _class(self, row: ListRow, _: ReadList) -> None:
        if not self._need(row, "class"):
            return
        name = self._class_name(row.texts["class"])
        grade = row.texts.get("grade", "")
        if grade and not (grade.isdecimal() and int(grade[:3]) <= GRADE_MAX):
            self.refusals.append(row.refuse(f"this is no year of schooling from 1 to {GRADE_MAX}", "grade"))
            return
        key = class_key(name)
        made = SchoolClass(key=key, at=row.at, title=name, grade=int(grade) if grade else grade_of(name))
        if self._put("classes", made, row) and row.texts.get("teacher"):
            staff = self._staff(row, "teacher")
            if staff is not None:
                self._things["class_teachers"][key] = ClassTeacher(key=key, at=row.at, staff=staff)

    def _class_name(self, text: str) -> str:
        """Answer the name with Russian letters where it has Latin ones that look the same."""
        name = title(text.translate(_CYRILLIC)) if any(each.isdecimal() for each in text) else title(text)
        self._latin += name != title(text)
        return name

    def _staff(self, row: ListRow, field: str) -> str | None:
        """Answer the key of a member of staff by the whole name, or family name and initials; None: several fit."""
        wanted = staff_words(row.texts[field]).split("|")
        found = [each.key for each in self._by_family["staff", wanted[0]] if _fits(wanted, each.parts)]
        if len(found) > 1:
            self.refusals.append(row.refuse(f"several of the staff fit this name: {len(found)}", field))
            return None
        return found[0] if found else "|".join(wanted)

    def _pupil(self, row: ListRow, read: ReadList) -> None:
        parts = self._names(row)
        if parts is None:
            return
        born: date | None = None
        if row.texts.get("born"):
            born = day_of(row.cells["born"])
            if born is None:
                self.refusals.append(row.refuse("this is no day as 01.09.2012 or 2012-09-01", "born"))
                return
        named = row.texts.get("class") or (read.title if _CLASS.match(read.title) else "")
        if not named:
            self.refusals.append(row.refuse("no class is named, neither here nor as the name of the sheet", "class"))
            return
        home = class_key(self._class_name(named))
        code = row.texts.get("code")
        key = f"code/{code}" if code else "|".join((name_key(*parts.values()), born.isoformat() if born else home))
        pupil = Pupil(key=key, at=row.at, **parts, birth_date=born, stays=(HomeStay(home),))
        if self._put("pupils", pupil, row):
            named_so = _Named(key, name_key(*parts.values()).split("|"), home)
            self._by_family["pupils", named_so.parts[0]].append(named_so)
            for number in (1, 2):
                self._guardian(row, number, key)

    def _guardian(self, row: ListRow, number: int, pupil: str) -> None:
        words = row.texts.get(f"guardian{number}", "").split()
        if not words:
            return
        if len(words) == 1:
            self.refusals.append(row.refuse("write family name and given name", f"guardian{number}"))
            return
        relation = RELATIONS.get(heading_key(row.texts.get(f"relation{number}", "другой")))
        phone, email = row.texts.get(f"phone{number}", ""), row.texts.get(f"email{number}", "")
        if relation is None:
            self.refusals.append(row.refuse(f"one of these is known: {', '.join(RELATIONS)}", f"relation{number}"))
            return
        too_long = len(" ".join(words)) > NAME_CHARACTERS_MAX or max(len(phone), len(email)) > CONTACT_CHARACTERS_MAX
        if too_long or not f"{words}{phone}{email}".isprintable():
            self.refusals.append(row.refuse("the name or the contacts are too long", f"guardian{number}"))
            return
        family, given, *rest = words
        reached = email.casefold() or "".join(each for each in phone if each.isdecimal()) or pupil
        key = f"{name_key(family, given, ' '.join(rest))}|{reached}"
        guardian = Guardian(
            key=key, at=row.at, family=family, given=given, middle=" ".join(rest), email=email, phone=phone
        )
        self._put("guardians", guardian, row, once=False)
        link = Guardianship(key=f"{key}/{pupil}", at=row.at, guardian=key, pupil=pupil, relation=relation)
        self._put("guardianships", link, row)

    def _group(self, row: ListRow, _: ReadList) -> None:
        if not self._need(row, "group", "classes"):
            return
        kind = GROUP_KINDS.get(heading_key(row.texts.get("kind", "подгруппа")))
        if kind is None:
            self.refusals.append(row.refuse(f"one of these is known: {', '.join(GROUP_KINDS)}", "kind"))
            return
        classes = tuple(class_key(self._class_name(each)) for each in self._listed(row, "classes"))
        name = title(row.texts["group"])
        self._put("groups", Group(key=group_key(name), at=row.at, title=name, kind=kind, classes=classes), row)

    def _member(self, row: ListRow, _: ReadList) -> None:
        parts = self._names(row)
        if parts is None or not self._need(row, "group"):
            return
        home = class_key(self._class_name(row.texts["class"])) if row.texts.get("class") else ""
        wanted = name_key(*parts.values()).split("|")
        same_family = self._by_family["pupils", wanted[0]]
        found = [each.key for each in same_family if home in {"", each.home} and _fits(wanted, each.parts)]
        if len(found) > 1:
            self.refusals.append(row.refuse(f"several pupils fit this name: {len(found)}; write the class", "family"))
            return
        group = group_key(title(row.texts["group"]))
        pupil = found[0] if found else "|".join((*wanted, home))
        self._put("members", Member(key=f"{group}/{pupil}", at=row.at, group=group, pupil=pupil), row)

    def _load(self, row: ListRow, _: ReadList) -> None:
        if not self._need(row, "teacher", "subject", "taught"):
            return
        hours = row.texts.get("hours", "")
        if hours and not (hours.isdecimal() and 1 <= int(hours[:4]) <= HOURS_PER_WEEK_MAX):
            self.refusals.append(row.refuse(f"hours a week are a whole number from 1 to {HOURS_PER_WEEK_MAX}", "hours"))
            return
        staff = self._staff(row, "teacher")
        if staff is None:
            return
        subject, taught = title(row.texts["subject"]).casefold(), self._class_name(row.texts["taught"])
        journal = f"{subject}/{group_key(taught)}"
        made = Journal(key=journal, at=row.at, subject=subject, group=taught, group_kind="either")
        self._put("journals", made, row, once=False)
        load = Load(
            key=f"{journal}/{staff}", at=row.at, journal=journal, staff=staff, hours=int(hours) if hours else None
        )
        self._put("loads", load, row)


def _fits(wanted: list[str], whole: list[str]) -> bool:
    """Say whether a name, perhaps with initials or without the patronymic, may be a whole one."""
    return wanted[0] == whole[0] and all(
        one == other or not one or (len(one) == 1 and other.startswith(one))
        for one, other in zip(wanted[1:], whole[1:], strict=True)
    )
