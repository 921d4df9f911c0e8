"""Subjects, classes, groups and journals of a roster, compared with the school's."""

from collections import defaultdict
from datetime import date
from functools import cached_property
from typing import Literal

from ejd.imports.roster_file import At, Group, Journal, Member, SchoolClass
from ejd.imports.roster_ground import class_key
from ejd.imports.roster_work import Work
from ejd.imports.safe_xml import shown
from ejd.imports.titles import title
from ejd.kernel.states.people import PupilState, Stay
from ejd.kernel.states.school import SubjectState
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState
from ejd_commands.classes import AppointClassTeacher, FormClass, FormTeachingGroup
from ejd_commands.fields import unique_key
from ejd_commands.movement import JoinGroup, LeaveGroup
from ejd_commands.school import DefineSubject

__all__ = ["ClassesPlan"]


NOWHERE = At("", "", 0)


class ClassesPlan:
    """Takes its parts in the order in which each finds what it builds on."""

    def __init__(self, work: Work) -> None:
        self._work = work
        year, ground = work.year.id, work.ground
        self._subjects = {unique_key(s.name): stream for stream, s in ground.all("subject", SubjectState)}
        classes = [(stream, s.formed) for stream, s in ground.all("class", ClassState)]
        self._classes = {class_key(f.name): stream for stream, f in classes if f is not None and f.year == year}
        groups = [(stream, s.formed) for stream, s in ground.all("group", GroupState)]
        self._groups = {unique_key(f.name): stream for stream, f in groups if f is not None and f.year == year}
        self._latin = 0
        self.whole = {section: home for section, home in work.roster.whole_classes if self._is_class(section)}
        if self.whole:
            work.notes.append(f"Groups of all pupils of one class, kept as journals of that class: {len(self.whole)}.")

    def _is_class(self, section: str) -> bool:
        """Say whether a group that is a whole class is taught as that class: one that is a group already stays one."""
        work = self._work
        if work.ground.resolve("group", work.scoped("group", section)) is not None:
            return False
        journal = work.ground.resolve("journal", work.scoped("journal", section))
        opened = None if journal is None else work.ground.load(JournalState, journal).opened
        return opened is None or opened.group_kind == "class"

    def subjects(self) -> None:
        """Subjects are known by their names."""
        work = self._work
        for subject in work.roster.subjects:
            stream = self._subjects.get(unique_key(subject.title)) or work.own("subject", subject.key)
            work.ids["subject", subject.key] = stream
            if work.ground.there("subject", stream):
                work.rehearsal.same()
                continue
            self._subjects[unique_key(subject.title)] = stream
            command = DefineSubject(subject=stream, title=subject.title, short=subject.short)
            if not work.rehearsal.send(command, "added", "subject", subject.title, subject.at):
                work.drop("subject", subject.key)

    def classes(self) -> None:
        """Classes are known by the file's id, else by name: 8A with a Latin letter is the school's 8А."""
        for each in self._work.roster.classes:
            if each.gone:
                self.gone("class", each)
            elif not each.fallback:
                self._class(each)
        if self._latin:
            self._work.notes.append(
                f"Names of classes written in another way (8A for 8А) than the school's: {self._latin}."
            )

    def fallback(self, key: str) -> str | None:
        """Form the class of a grade for pupils who would be in none, once; None when the rules refuse it."""
        found = self._work.find("class", key)
        if found is None:
            made = next((each for each in self._work.roster.classes if each.key == key and each.fallback), None)
            if made is not None:
                self._class(made)
        return self._work.find("class", key)

    def _class(self, each: SchoolClass) -> None:
        work = self._work
        same = self._classes.get(class_key(each.title))
        taken = work.take("class", each, () if same is None else (same,))
        if taken is None:
            return
        stream, known = taken
        formed = work.ground.load(ClassState, stream).formed
        if not known or formed is None:
            self._classes[class_key(each.title)] = stream
            year = work.year
            command = FormClass(
                class_id=stream,
                year=year.id,
                title=each.title,
                grade=each.grade,
                scheme=each.scheme if each.scheme in year.schemes else year.scheme,
                bells=year.bells,
                week_days=each.week_days,
            )
            if not work.rehearsal.send(command, "added", "class", each.title, each.at):
                work.drop("class", each.key)
        elif formed.name == each.title or class_key(formed.name) == class_key(each.title):
            self._latin += formed.name != each.title
            work.rehearsal.same()
        else:
            self._rename(stream, each)

    def _rename(self, stream: str, each: SchoolClass) -> None:
        work, state = self._work, self._work.ground.load(ClassState, stream)
        assert state.formed is not None  # noqa: S101 - asked before
        assert state.ref is not None  # noqa: S101 - as before
        old, detail = state.formed, f"is called {shown(state.formed.name)} in the school"
        if not work.may(ours=work.ground.ours(state.ref)):
            work.rehearsal.keep("class", each.title, each.at, detail)
            return
        command = FormClass(
            class_id=stream,
            year=old.year,
            title=each.title,
            grade=each.grade or old.grade,
            scheme=old.scheme,
            bells=old.bells,
            week_days=5 if old.week_days == 5 else 6 if old.week_days == 6 else 7,  # noqa: PLR2004 - working modes
            grading_system=old.grading_system,
        )
        work.rehearsal.send(command, "changed", "class", each.title, each.at, detail)

    def gone(self, kind: Literal["class", "group", "journal"], each: SchoolClass | Group | Journal) -> None:
        """Nothing of a school is taken away: whoever was in it still was."""
        if self._work.find(kind, each.key) is not None:
            name = each.key if isinstance(each, Journal) else each.title
            self._work.rehearsal.keep(kind, name, each.at, "is to be deleted in the file, and stays with its records")

    def class_teachers(self) -> None:
        """The class teacher of the file follows the one that an earlier file appointed."""
        work, starts = self._work, self._work.year.starts
        for each in work.roster.class_teachers:
            class_id, staff = work.find("class", each.key), work.find("staff", each.staff)
            if class_id is None or staff is None:
                work.missing(each.at, "class" if class_id is None else "teacher", "", each.key)
                continue
            state = work.ground.load(ClassState, class_id)
            before = {day: who for day, who in state.teachers.items() if day <= starts}
            name = state.formed.name if state.formed is not None else each.key
            if before and before[max(before)] == staff:
                work.rehearsal.same()
            elif before and not work.may(ours=not work.ground.appointed_by_hand(class_id)):
                work.rehearsal.keep("class teacher", name, each.at, "was appointed in the school")
            else:
                command = AppointClassTeacher(class_id=class_id, staff=staff, starts=starts)
                work.rehearsal.send(command, "changed" if before else "added", "class teacher", name, each.at)

    def groups(self) -> None:
        """Groups with their members; a group is for the classes that its members are in."""
        members: defaultdict[str, list[Member]] = defaultdict(list)
        for member in self._work.roster.members:
            if member.group not in self.whole:
                members[member.group].append(member)
        titles: defaultdict[str, int] = defaultdict(int)
        groups = [each for each in self._work.roster.groups if each.key not in self.whole]
        for group in groups:
            titles[unique_key(group.title)] += 1
        for group in groups:
            if group.gone:
                self.gone("group", group)
            else:
                self._group(group, members[group.key], alone=titles[unique_key(group.title)] == 1)
        if "enrollments" in self._work.roster.complete:
            self._leave_what_is_missing(groups, members)
        for key, found in members.items():
            stream = self._work.find("group", key)
            if stream is None:
                self._elsewhere(key, found)
                continue
            for member in found:
                self._member(stream, member)

    def _leave_what_is_missing(self, groups: list[Group], members: dict[str, list[Member]]) -> None:
        """In complete lists, whom a group does not name has left it, and a group that is not named has nobody."""
        work = self._work
        places = {group.key: group.at for group in groups} | {
            key: found[0].at for key, found in members.items() if found
        }
        named = {stream: key for key in places if (stream := work.find("group", key)) is not None}
        for stream, key in named.items():
            self._leave_missing(stream, members.get(key, []), places[key])
        at = work.roster.groups[0].at._replace(row=0) if work.roster.groups else NOWHERE
        for stream, state in work.ground.all("group", GroupState):
            of_this_year = state.formed is not None and state.formed.year == work.year.id
            if "classes" in work.roster.complete and of_this_year and stream not in named:
                self._leave_missing(stream, [], at)

    def _elsewhere(self, key: str, found: list[Member]) -> None:
        """Refuse members of what is not there; those of a whole class are in it already."""
        journal = self._work.find("journal", key)
        state = None if journal is None else self._work.ground.load(JournalState, journal).opened
        for member in found:
            if state is not None and state.group_kind == "class":
                self._work.rehearsal.keep("group", state.name, member.at, "is the journal of a whole class here")
            else:
                self._work.missing(member.at, "group", "", member.group)

    def _group(self, group: Group, members: list[Member], *, alone: bool) -> None:
        work = self._work
        same = self._groups.get(unique_key(group.title)) if alone else None
        taken = work.take("group", group, () if same is None or same in work.claimed else (same,))
        if taken is None:
            return
        stream, known = taken
        state = work.ground.load(GroupState, stream)
        classes = self._classes_of(group, members)
        old = state.formed
        if known and old is not None and state.ref is not None:
            more = [each for each in classes if each not in old.classes]
            kind = group.kind or ("stream" if len(old.classes) + len(more) > 1 else old.kind)
            name = old.name if same == stream or old.name.startswith(group.title) else group.title
            if not more and name == old.name and (group.kind in {None, old.kind}):
                work.rehearsal.same()
            elif not work.may(ours=work.ground.ours(state.ref)):
                work.rehearsal.keep("group", group.title, group.at, "was changed in the school")
            else:
                kept = (*old.classes, *more)
                command = FormTeachingGroup(group=stream, year=old.year, title=name, kind=kind, classes=kept)
                work.rehearsal.send(command, "changed", "group", name, group.at)
            return
        if not classes:
            work.rehearsal.refuse(group.at, "nobody of a class is in this group, so that it is of no class")
            work.drop("group", group.key)
            return
        name = self._free_title(group)
        self._groups[unique_key(name)] = stream
        command = FormTeachingGroup(
            group=stream,
            year=work.year.id,
            title=name,
            kind=group.kind or ("subgroup" if len(classes) == 1 else "stream"),
            classes=tuple(classes),
        )
        if not work.rehearsal.send(command, "added", "group", name, group.at):
            work.drop("group", group.key)

    def _free_title(self, group: Group) -> str:
        if unique_key(group.title) not in self._groups:
            return group.title
        return title(f"{title(group.title, 120)} ({title(group.key, 60)})")

    def _classes_of(self, group: Group, members: list[Member]) -> list[str]:
        work = self._work
        found = [work.find("class", each) for each in group.classes]
        for member in members:
            pupil = work.find("pupil", member.pupil)
            if pupil is not None and not member.gone:
                stay = self._pupil(pupil).memberships.class_on(work.year.day(member.starts))
                found.append(stay.where if stay is not None else None)
        return list(dict.fromkeys(each for each in found if each is not None))

    def _pupil(self, stream: str) -> PupilState:
        return self._work.rehearsal.decision.load(PupilState, stream)

    def _member(self, stream: str, member: Member) -> None:
        work, pupil = self._work, self._work.find("pupil", member.pupil)
        if pupil is None:
            work.missing(member.at, "pupil", "userSourcedId", member.pupil)
            return
        day = work.year.day(member.starts)
        stay = _lasting(self._pupil(pupil).memberships.groups, stream, day)
        over = member.gone or (member.ends is not None and member.ends <= work.year.starts)
        if over:
            if stay is None:
                work.rehearsal.same()
            else:
                self._leave(pupil, stay, member)
        elif stay is not None:
            work.rehearsal.same()
        elif not work.may(ours=not work.ground.ended_by_hand(pupil, stream)):
            work.rehearsal.keep("group member", pupil, member.at, "left the group in the school")
        else:
            command = JoinGroup(pupil=pupil, group=stream, joined_on=day)
            work.rehearsal.send(command, "added", "group member", self._title(stream), member.at)

    def _leave(self, pupil: str, stay: Stay, member: Member) -> None:
        work = self._work
        if not work.may(ours=work.ground.ours(stay.ref)):
            work.rehearsal.keep("group member", self._title(stay.where), member.at, "joined the group in the school")
            return
        left_on = max(stay.starts, member.ends or work.year.starts)
        command = LeaveGroup(pupil=pupil, group=stay.where, left_on=left_on)
        work.rehearsal.send(command, "ended", "group member", self._title(stay.where), member.at)

    def _leave_missing(self, stream: str, found: list[Member], at: At) -> None:
        """Let those leave whom a list does not name; only those whom an earlier list brought."""
        work = self._work
        named = {work.find("pupil", each.pupil) for each in found}
        for pupil in self._brought[stream]:
            stay = _lasting(self._pupil(pupil).memberships.groups, stream, work.year.starts)
            if stay is not None and pupil not in named and work.ground.ours(stay.ref):
                command = LeaveGroup(pupil=pupil, group=stream, left_on=max(stay.starts, work.year.starts))
                work.rehearsal.send(command, "ended", "group member", self._title(stream), at)

    @cached_property
    def _brought(self) -> defaultdict[str, list[str]]:
        """Who was ever in a group, by group; asked only where a list is complete."""
        members: defaultdict[str, list[str]] = defaultdict(list)
        for pupil, state in self._work.ground.all("pupil", PupilState):
            for group in dict.fromkeys(stay.where for stay in state.memberships.groups):
                members[group].append(pupil)
        return members

    def _title(self, stream: str) -> str:
        formed = self._work.rehearsal.decision.load(GroupState, stream).formed
        return stream if formed is None else formed.name


def _lasting(stays: tuple[Stay, ...], where: str, day: date) -> Stay | None:
    """Answer the stay that covers a day or begins after it."""
    return next((one for one in stays if one.where == where and (one.ends is None or one.ends > day)), None)
