"""Who is taught together: the journals of a timetable file with the class or teaching group that each is for.

A journal page is of one subject and one class or teaching group. So

* journal plans of one subject and the same student sets are one journal, shared by their teachers, unless they
  have a lesson in the same slot: then nobody can be in both, and each further one gets a teaching group of its
  own, whose pupils the file does not name;
* a journal of exactly one class is a class journal, one of exactly one named teaching group is that group's;
* any other union of student sets gets a teaching group of its own, known by the journal and not by its pupils:
  when a pupil comes or goes, it stays the same group with the same journal;
* pupils and groups without a class (DK-FG-12: 279 pupils on individual plans) are put in one class of the
  import, since every pupil is enrolled in a class.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal

import msgspec

from ejd.imports.journal_plans import JournalPlan, PlannedLesson, journals, natural_key
from ejd.imports.safe_xml import ImportRefused
from ejd.imports.timetable_file import Placement, Pupil, SchoolClass, TeachingGroup, TimetableFile
from ejd.imports.titles import distinct_titles, title
from ejd_commands.classes import GROUP_CLASSES_MAX
from ejd_commands.fields import unique_key

__all__ = ["INDIVIDUAL_CLASS", "GroupPlan", "TaughtJournal", "Teaching", "teaching_of"]

INDIVIDUAL_CLASS: Final = SchoolClass("", "Индивидуальные планы")
"""The class of all who have none; no file can use its empty id."""
MEMBERSHIPS_MAX: Final = 100_000
"""DK-FG-12 has 3,750 of them; a hostile file nests its student sets so that there are billions."""


class GroupPlan(msgspec.Struct, frozen=True):
    """A teaching group; ids of classes and pupils are the file's."""

    key: tuple[str, ...]
    title: str
    kind: Literal["subgroup", "stream", "individual"]
    classes: tuple[str, ...]
    pupils: tuple[str, ...]
    """Nobody where the file does not say who they are."""


class TaughtJournal(msgspec.Struct, frozen=True):
    """A journal with the class, or the key of the group, that it is for."""

    key: str
    subject: str
    title: str | None
    """None where subject and class or group say enough."""
    group_kind: Literal["class", "group"]
    group: tuple[str, ...]
    classes: tuple[str, ...]
    teachers: tuple[str, ...]
    lessons: tuple[PlannedLesson, ...]


class Teaching(msgspec.Struct, frozen=True):
    """Everything that is taught, and to whom."""

    classes: tuple[SchoolClass, ...]
    class_of: dict[str, str]
    """By pupil."""
    groups: tuple[GroupPlan, ...]
    journals: tuple[TaughtJournal, ...]
    notes: tuple[str, ...]


class _Course(msgspec.Struct):
    """Plans that share a journal; `part` counts those that meet in one slot."""

    plans: list[JournalPlan]
    part: int
    slots: set[Placement]

    @property
    def key(self) -> str:
        return min((plan.key for plan in self.plans), key=natural_key)

    @property
    def lessons(self) -> tuple[PlannedLesson, ...]:
        """One lesson a slot, with everybody who teaches it."""
        at: dict[Placement, PlannedLesson] = {}
        for lesson in (lesson for plan in self.plans for lesson in plan.lessons):
            place = _slot(lesson)
            before = at.setdefault(place, lesson)
            if before is not lesson:
                teachers = tuple(dict.fromkeys((*before.teachers, *lesson.teachers)))
                at[place] = msgspec.structs.replace(before, teachers=teachers)
        return tuple(at[place] for place in sorted(at, key=lambda place: (place.day, place.slot)))


def teaching_of(file: TimetableFile) -> Teaching:
    """Return the journals in the order in which the file first mentions them; raises ImportRefused."""
    return _Teaching(file).plan()


class _Teaching:
    def __init__(self, file: TimetableFile) -> None:
        self._file = file
        self._sets = file.student_sets
        self._pupils_of_class: defaultdict[str, list[str]] = defaultdict(list)
        for pupil in file.pupils:
            if pupil.class_id is not None:
                self._pupils_of_class[pupil.class_id].append(pupil.id)
        self._class_titles = distinct_titles((*file.classes, INDIVIDUAL_CLASS))
        self._group_titles = distinct_titles(file.groups)
        self._titles = self._class_titles | self._group_titles
        self._subject_titles = distinct_titles(file.subjects)
        self._steps = 0

    def plan(self) -> Teaching:
        plans = journals(self._file)
        found = _courses(plans)
        groups: dict[tuple[str, ...], GroupPlan] = {}
        taught: list[TaughtJournal] = []
        alike = self._alike(found)
        for course in found:
            journal, group = self._journal(course, alike)
            taught.append(journal)
            if group is not None:
                groups.setdefault(group.key, group)
        if sum(len(group.pupils) for group in groups.values()) > MEMBERSHIPS_MAX:
            raise ImportRefused(_TOO_MANY)
        class_of = {pupil.id: pupil.class_id or INDIVIDUAL_CLASS.id for pupil in self._file.pupils}
        home = {*class_of.values(), *(each for group in groups.values() for each in group.classes)}
        extra = (INDIVIDUAL_CLASS,) if INDIVIDUAL_CLASS.id in home else ()
        return Teaching(
            classes=(*self._file.classes, *extra),
            class_of=class_of,
            groups=tuple(groups.values()),
            journals=tuple(taught),
            notes=tuple(self._notes(plans, found, taught, groups.values(), class_of)),
        )

    def _journal(self, course: _Course, alike: Counter[str]) -> tuple[TaughtJournal, GroupPlan | None]:
        plan = course.plans[0]
        sets = [self._sets[each] for each in plan.student_sets]
        group: GroupPlan | None = None
        only = sets[0] if len(sets) == 1 and course.part == 1 else None
        name: str | None = None
        if isinstance(only, TeachingGroup):
            group = self._named_group(only)
        elif not isinstance(only, SchoolClass):
            group = self._own_group(course, alike)
            name = title(f"{self._subject_titles[plan.subject]}, {self._label(course, alike)}")
        class_id = sets[0].id
        journal = TaughtJournal(
            key=course.key,
            subject=plan.subject,
            title=name,
            group_kind="class" if group is None else "group",
            group=(class_id,) if group is None else group.key,
            classes=(class_id,) if group is None else group.classes,
            teachers=tuple(dict.fromkeys(teacher for each in course.plans for teacher in each.teachers)),
            lessons=course.lessons,
        )
        return journal, group

    def _named_group(self, group: TeachingGroup) -> GroupPlan:
        pupils = self._pupils((group.id,))
        classes = self._classes((group.id,), pupils)
        kind: Literal["subgroup", "stream"] = "subgroup" if len(classes) == 1 else "stream"
        return GroupPlan(("set", group.id), self._group_titles[group.id], kind, classes, pupils)

    def _own_group(self, course: _Course, alike: Counter[str]) -> GroupPlan:
        sets = course.plans[0].student_sets
        pupils = self._pupils(sets) if course.part == 1 else ()
        classes = self._classes(sets, pupils)
        kind: Literal["subgroup", "stream", "individual"] = "subgroup" if len(classes) == 1 else "stream"
        if len(sets) == 1 and isinstance(self._sets[sets[0]], Pupil) and course.part == 1:
            kind = "individual"
        name = title(f"{self._label(course, alike)}: {self._subject_titles[course.plans[0].subject]}")
        return GroupPlan(("journal", course.key), name, kind, classes, pupils)

    def _alike(self, found: Sequence[_Course]) -> Counter[str]:
        """Count the groups of journals that would have the same name, and those named like a group of the file."""
        none: Counter[str] = Counter()
        own = (f"{self._label(course, none)}: {self._subject_titles[course.plans[0].subject]}" for course in found)
        return Counter(unique_key(title(name)) for name in (*own, *self._group_titles.values()))

    def _label(self, course: _Course, alike: Counter[str]) -> str:
        """Return whom a group of its own is of, without any pupil's name: group names are not sealed."""
        sets = [self._sets[each] for each in course.plans[0].student_sets]
        if any(isinstance(each, Pupil) for each in sets):
            classes = self._classes(course.plans[0].student_sets, self._pupils(course.plans[0].student_sets))
            label = ", ".join(self._class_titles[each] for each in classes)
        else:
            label = " + ".join(self._titles[each.id] for each in sets)
        label = title(label, _LABEL_CHARACTERS_MAX)
        name = title(f"{label}: {self._subject_titles[course.plans[0].subject]}")
        if alike[unique_key(name)] > 1:
            return f"{label} ({title(course.key.partition(':')[2], _KEY_CHARACTERS_MAX)})"
        return label

    def _pupils(self, sets: Sequence[str]) -> tuple[str, ...]:
        """Return the pupils of the union, in the file's order from set to set."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = list(reversed(sets))
        while waiting:
            self._steps += 1
            if self._steps > _STEPS_MAX:
                raise ImportRefused(_TOO_MANY)
            each = self._sets.get(waiting.pop())
            if each is None or each.id in seen:
                continue
            seen.add(each.id)
            if isinstance(each, Pupil):
                found[each.id] = None
            elif isinstance(each, SchoolClass):
                waiting += reversed(self._pupils_of_class[each.id])
            else:
                waiting += reversed(each.members)
        return tuple(found)

    def _classes(self, sets: Sequence[str], pupils: Iterable[str]) -> tuple[str, ...]:
        """Return the classes that the sets name or come from, and those of their pupils."""
        found: dict[str, None] = {}
        for each in (self._sets[each] for each in sets):
            if isinstance(each, SchoolClass):
                found[each.id] = None
            elif isinstance(each, TeachingGroup):
                found |= dict.fromkeys(each.classes)
        for pupil in pupils:
            known = self._sets[pupil]
            if isinstance(known, Pupil):
                found[known.class_id or INDIVIDUAL_CLASS.id] = None
        if len(found) > GROUP_CLASSES_MAX:
            raise ImportRefused(
                f"A teaching group of the file is of {len(found)} classes, more than {GROUP_CLASSES_MAX}: divide it."
            )
        return tuple(found) or (INDIVIDUAL_CLASS.id,)

    def _notes(
        self,
        plans: Sequence[JournalPlan],
        found: Sequence[_Course],
        taught: Sequence[TaughtJournal],
        groups: Collection[GroupPlan],
        class_of: dict[str, str],
    ) -> Iterable[str]:
        shared = [course for course in found if len(course.plans) > 1]
        known = {*class_of.values()}
        used = {group.key[1] for group in groups if group.key[0] == "set"}
        used |= {each for plan in plans for each in plan.student_sets}
        doubled = sum(len(plan.lessons) for plan in plans) - sum(len(course.lessons) for course in found)
        for count, sentence in (
            (len(shared), "Journals shared by several courses of one subject and the same students"),
            (
                sum(course.part > 1 for course in found),
                "Courses that meet another one of the same subject and students",
            ),
            (doubled, "Periods that fall together with another one of their journal, and are one lesson with it"),
            (sum(not journal.teachers for journal in taught), "Journals without a teacher"),
            (sum(not group.pupils for group in groups), "Teaching groups whose pupils the file does not name"),
            (sum(each.id not in known for each in self._file.classes), "Classes whose pupils the file does not name"),
            (
                sum(home == INDIVIDUAL_CLASS.id for home in class_of.values()),
                f"Pupils without a class, who are in “{self._class_titles[INDIVIDUAL_CLASS.id]}”",
            ),
            (
                sum(group.id not in used for group in self._file.groups),
                "Sets of students that no activity names, and that are not formed",
            ),
        ):
            if count:
                yield f"{sentence}: {count}."


_STEPS_MAX: Final = 20 * MEMBERSHIPS_MAX
"""Student sets and pupils looked at, several times for each journal."""
_TOO_MANY: Final = f"The file makes more than {MEMBERSHIPS_MAX} memberships of pupils in groups: export one school."
_LABEL_CHARACTERS_MAX: Final = 80
_KEY_CHARACTERS_MAX: Final = 30


def _slot(lesson: PlannedLesson) -> Placement:
    return Placement(lesson.placement.day, lesson.placement.slot)


def _courses(plans: Iterable[JournalPlan]) -> list[_Course]:
    """Put plans of one subject and the same students together as long as they do not meet."""
    parts: defaultdict[tuple[str, frozenset[str]], list[_Course]] = defaultdict(list)
    found: list[_Course] = []
    for plan in plans:
        together = parts[plan.subject, frozenset(plan.student_sets)]
        slots = {_slot(lesson) for lesson in plan.lessons}
        course = next((each for each in together if not each.slots & slots), None)
        if course is None:
            course = _Course([], len(together) + 1, set())
            together.append(course)
            found.append(course)
        course.plans.append(plan)
        course.slots |= slots
    return found
