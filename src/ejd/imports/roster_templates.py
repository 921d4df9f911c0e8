"""Which templates there are, and what their drop-down lists offer of a school."""

from collections.abc import Mapping, Sequence

from ejd.exports.templates import TemplateColumn, TemplateSheet, template_csv, template_xlsx
from ejd.handling.states import States
from ejd.imports.sheet_words import GROUP_KINDS, LISTS, RELATIONS, ListKind
from ejd.kernel.states.school import SubjectState
from ejd.kernel.states.teaching import ClassState, GroupState
from ejd.kernel.titles import sort_key

__all__ = ["choices_of", "template"]

NO_CHOICES: Mapping[str, Sequence[str]] = {}


def template(kinds: Sequence[ListKind], file_format: str, choices: Mapping[str, Sequence[str]] = NO_CHOICES) -> bytes:
    """Answer the template of some lists as "xlsx", or of one list as "csv"."""
    sheets = [_sheet(kind) for kind in kinds]
    if file_format == "csv":
        return template_csv(sheets[0])
    fixed = {"kinds": list(GROUP_KINDS), "relations": list(RELATIONS)}
    return template_xlsx(sheets, {**choices, **fixed})


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
