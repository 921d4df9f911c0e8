"""Which templates there are, and what their drop-down lists offer of a school."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ejd.exports.spreadsheet import Column, Sheet, to_xlsx
from ejd.exports.templates import TemplateColumn, TemplateSheet, template_csv, template_xlsx
from ejd.handling.states import States
from ejd.imports.sheet_words import COMPONENTS, GROUP_KINDS, LINE_KINDS, LISTS, RELATIONS, ListKind
from ejd.kernel.states.school import SubjectState
from ejd.kernel.states.teaching import ClassState, GroupState
from ejd.kernel.titles import sort_key

__all__ = ["choices_of", "grid_template", "template"]

DAYS = ("Понедельник", "Вторник", "Среда", "Четверг", "Пятница", "Суббота")
GRID_SLOTS = 8
GRID_CLASSES = ("5А", "5Б")
"""Headings where there is no school yet."""

NO_CHOICES: Mapping[str, Sequence[str]] = {}


def template(kinds: Sequence[ListKind], file_format: str, choices: Mapping[str, Sequence[str]] = NO_CHOICES) -> bytes:
    """Answer the template of some lists as "xlsx", or of one list as "csv"."""
    sheets = [_sheet(kind) for kind in kinds]
    if file_format == "csv":
        return template_csv(sheets[0])
    fixed = {
        "kinds": list(GROUP_KINDS),
        "relations": list(RELATIONS),
        "components": list(COMPONENTS),
        "line_kinds": list(LINE_KINDS),
    }
    return template_xlsx(sheets, {**choices, **fixed})


def grid_template(choices: Mapping[str, Sequence[str]], *, made_at: datetime) -> bytes:
    """Answer an empty timetable as it hangs on the wall: the school's classes across, days and lessons down."""
    classes = choices.get("classes") or GRID_CLASSES
    columns = (Column("День", 16), Column("Урок", 6), *(Column(name, 22, wrap=True) for name in classes))
    empty = [""] * len(classes)
    rows: list[Sequence[str | int]] = [[day, slot, *empty] for day in DAYS for slot in range(1, GRID_SLOTS + 1)]
    return to_xlsx(Sheet("Расписание", columns, rows, merged=1), made_at=made_at)


def choices_of(states: States) -> dict[str, list[str]]:
    """Answer the names of a school's subjects, classes and groups, in the order of the alphabet."""
    names: dict[str, set[str]] = {"subjects": set(), "classes": set(), "groups": set()}
    for entry in states.store.directory(kinds=("subject", "class", "group")):
        if entry.kind == "subject":
            names["subjects"].add(states.load(SubjectState, entry.stream).name)
        elif entry.kind == "class":
            formed = states.load(ClassState, entry.stream).formed
            names["classes"].add("" if formed is None else formed.name)
        else:
            group = states.load(GroupState, entry.stream).formed
            names["groups"].add("" if group is None else group.name)
    found = {name: sorted((one for one in each if one), key=sort_key) for name, each in names.items()}
    return {**found, "taught": [*found["classes"], *found["groups"]]}


def _sheet(kind: ListKind) -> TemplateSheet:
    shape = LISTS[kind]
    columns = [
        TemplateColumn(each.heading, each.example, each.needed, each.choices, each.what) for each in shape.columns
    ]
    return TemplateSheet(shape.sheet, columns, shape.what)
