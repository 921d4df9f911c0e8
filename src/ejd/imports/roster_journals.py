"""Journals of a roster and who teaches them, compared with the school's."""

from collections import defaultdict
from datetime import date, timedelta

from ejd.imports.roster_classes import NOWHERE, ClassesPlan
from ejd.imports.roster_file import At, Journal, Load
from ejd.imports.roster_ground import class_key, group_key
from ejd.imports.roster_work import Work
from ejd.kernel.states.teaching import JournalState
from ejd_commands.journals import AssignTeacher, OpenJournal, UnassignTeacher

__all__ = ["JournalsPlan"]


class JournalsPlan:
    """Comes after classes and groups, which tell for whom a journal is."""

    def __init__(self, work: Work, classes: ClassesPlan) -> None:
        self._work, self._classes = work, classes
        opened = [(stream, s.opened) for stream, s in work.ground.all("journal", JournalState)]
        year = work.year.id
        self._journals = {(o.subject, o.group): stream for stream, o in opened if o is not None and o.year == year}

    def journals(self) -> None:
        """A journal is known by the file's id, else by its subject with its class or group."""
        work = self._work
        for each in work.roster.journals:
            subject = work.find("subject", each.subject)
            home, group = self._taught(each)
            if each.gone:
                self._classes.gone("journal", each)
                continue
            if subject is None or group is None:
                work.missing(each.at, "subject" if subject is None else "class or group", "", each.key)
                continue
            same = self._journals.get((subject, group))
            taken = work.take("journal", each, () if same is None else (same,))
            if taken is None:
                continue
            stream, known = taken
            if known:
                opened = work.ground.load(JournalState, stream).opened
                if opened is not None and (opened.subject, opened.group) == (subject, group):
                    work.rehearsal.same()
                else:
                    work.rehearsal.keep("journal", each.key, each.at, "is of another subject, class or group here")
                continue
            self._journals[subject, group] = stream
            command = OpenJournal(
                journal=stream, subject=subject, group=group, group_kind="group" if home is None else "class"
            )
            if not work.rehearsal.send(command, "added", "journal", each.key, each.at):
                work.drop("journal", each.key)

    def _taught(self, each: Journal) -> tuple[str | None, str | None]:
        """Answer the file's id of the class, if it is one, and the stream of the class or group."""
        work = self._work
        if each.group_kind == "either":
            home = class_key(each.group)
            found = work.find("class", home)
            return (home, found) if found is not None else (None, work.find("group", group_key(each.group)))
        home_of_whole = self._classes.whole.get(each.group, each.group if each.group_kind == "class" else None)
        if home_of_whole is None:
            return None, work.find("group", each.group)
        return home_of_whole, work.find("class", home_of_whole)

    def loads(self) -> None:
        """Who teaches; an earlier list's teacher whom a complete list does not name any more teaches no longer."""
        work = self._work
        named: defaultdict[str, set[str]] = defaultdict(set)
        for load in work.roster.loads:
            journal, staff = work.find("journal", load.journal), work.find("staff", load.staff)
            if journal is None or staff is None:
                work.missing(load.at, "journal" if journal is None else "teacher", "", load.key)
                continue
            named[journal].add(staff)
            self._load(journal, staff, load)
        if "enrollments" in work.roster.complete:
            self._unassign_what_is_missing(named)

    def _unassign_what_is_missing(self, named: dict[str, set[str]]) -> None:
        """In complete lists, whom a journal does not name teaches it no longer, and nobody one that is missing."""
        work, seen = self._work, set(named)
        for each in work.roster.journals:
            journal = work.find("journal", each.key)
            if journal is not None:
                seen.add(journal)
                self._unassign_missing(journal, named.get(journal, set()), each.at)
        at = work.roster.journals[0].at._replace(row=0) if work.roster.journals else NOWHERE
        for journal, state in work.ground.all("journal", JournalState):
            of_this_year = state.opened is not None and state.opened.year == work.year.id
            if "classes" in work.roster.complete and of_this_year and journal not in seen:
                self._unassign_missing(journal, set(), at)

    def _load(self, journal: str, staff: str, load: Load) -> None:
        work, day = self._work, self._work.year.day(load.starts)
        state = work.rehearsal.decision.load(JournalState, journal)
        name = load.key if state.opened is None else state.opened.name
        own = [each for each in state.loads if each.staff == staff and (each.ends is None or each.ends >= day)]
        over = load.gone or (load.ends is not None and load.ends <= work.year.starts)
        if over:
            self._unassign(journal, [each for each in own if each.ends is None], staff, name, load)
        elif own and (load.hours is None or own[-1].hours_per_week == load.hours):
            work.rehearsal.same()
        elif own and not work.may(ours=work.ground.ours(own[-1].ref)):
            work.rehearsal.keep("load", name, load.at, f"{own[-1].hours_per_week} hours a week were set in the school")
        elif not own and not work.may(ours=not work.ground.ended_by_hand(journal, staff)):
            work.rehearsal.keep("load", name, load.at, "was ended in the school")
        else:
            ends = None if load.ends is None else load.ends - timedelta(days=1)
            within = ends if ends is not None and day <= ends < work.year.last_day else None
            starts = day if not own else max(own[-1].starts, work.year.starts)
            command = AssignTeacher(journal=journal, staff=staff, starts=starts, ends=within, hours_per_week=load.hours)
            work.rehearsal.send(command, "changed" if own else "added", "load", name, load.at)

    def _unassign(self, journal: str, own: list[object], staff: str, name: str, load: Load) -> None:
        work = self._work
        state = work.rehearsal.decision.load(JournalState, journal)
        refs = [each.ref for each in state.loads if each.staff == staff and each.ends is None]
        if not own:
            work.rehearsal.same()
        elif not work.may(ours=all(work.ground.ours(ref) for ref in refs)):
            work.rehearsal.keep("load", name, load.at, "was given in the school")
        else:
            last = _day_before(load.ends or work.year.starts)
            command = UnassignTeacher(journal=journal, staff=staff, ends=last)
            work.rehearsal.send(command, "ended", "load", name, load.at)

    def _unassign_missing(self, journal: str, named: set[str], at: At) -> None:
        work = self._work
        state = work.rehearsal.decision.load(JournalState, journal)
        for load in state.loads:
            if load.ends is None and load.staff not in named and work.ground.ours(load.ref):
                name = journal if state.opened is None else state.opened.name
                command = UnassignTeacher(journal=journal, staff=load.staff, ends=_day_before(work.year.starts))
                work.rehearsal.send(command, "ended", "load", name, at)


def _day_before(day: date) -> date:
    return day - timedelta(days=1)
