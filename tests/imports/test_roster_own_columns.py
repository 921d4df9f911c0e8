"""Columns that our exports have beside the standard's: read where they are sound, else as if they were not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from ejd.app import School
from ejd.imports.oneroster import read_oneroster
from ejd.imports.safe_xml import ImportRefused
from ejd.kernel.states.people import StaffState
from ejd.kernel.states.school import YearState
from ejd.kernel.states.teaching import ClassState, GroupState, JournalState
from tests.imports.importing import empty_school
from tests.imports.roster_files import counts, imported, oneroster
from tests.imports.roster_now import Now
from tests.schools import NOON, Clock

HALVES = (
    "y,,2025/26,schoolYear,2025-09-01,2026-05-30,,2026",
    "a,,I полугодие,term,2025-09-01,2026-01-01,y,2026",
    "b,,II полугодие,term,2026-01-01,2026-05-30,y,2026",
)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with empty_school(tmp_path, clock=Clock(NOON)) as made:
        yield made


def with_columns(files: dict[str, bytes], name: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    """Add columns of ours to a file, with cells by the id of the row."""
    heading, *lines = files[f"{name}.csv"].decode().split("\r\n")
    own = list(dict.fromkeys(column for cells in rows.values() for column in cells))
    made = [",".join([heading, *(f"metadata.ejd.{one}" for one in own)])]
    for line in lines:
        cells = rows.get(line.partition(",")[0], {})
        made.append(",".join([line, *(cells.get(one, "") for one in own)]))
    files[f"{name}.csv"] = "\r\n".join(made).encode()


def test_sound_values_are_taken(school: School) -> None:
    files = oneroster(academicSessions=HALVES)
    with_columns(
        files, "academicSessions", {"a": {"scheme": "halves", "code": "h1"}, "b": {"scheme": "halves", "code": "h2"}}
    )
    both = {"group": "g", "groupTitle": "8 профиль", "kind": "elective"}
    scheduled = {"p8a": both, "en1": both}
    with_columns(files, "classes", {"h8a": {"scheme": "halves", "weekDays": "6"}, **scheduled})
    with_columns(files, "users", {"t1": {"position": "завуч", "employedOn": "2019-08-20"}})
    with_columns(files, "enrollments", {"e7": {"hoursPerWeek": "3"}})
    report = imported(school, files)
    assert counts(report).get("refused", 0) == 0, report.refusals
    now = Now(school)
    (year,) = now.streams("year")
    schemes = now.states.load(YearState, year).data.schemes
    assert {name: [one.code for one in periods] for name, periods in schemes.items()} == {"halves": ["h1", "h2"]}
    formed = now.states.load(ClassState, now.class_named("8А")).formed
    assert formed is not None
    assert (formed.scheme, formed.week_days) == ("halves", 6)
    (post,) = now.states.load(StaffState, now.person("Ньютон")).posts
    assert (post.position, post.starts) == ("завуч", date(2019, 8, 20))
    (group,) = now.streams("group")
    of_group = now.states.load(GroupState, group).formed
    assert of_group is not None
    assert (of_group.name, of_group.kind) == ("8 профиль", "elective")
    opened = [now.states.load(JournalState, one) for one in now.streams("journal")]
    assert {one.opened.group for one in opened if one.opened is not None} == {group}
    assert sorted(load.hours_per_week or 0 for one in opened for load in one.loads) == [0, 3]
    assert now.members("8 профиль") == {"Ёжиков", "Аистова", "Белкина"}
    assert imported(school, files).state == "unchanged"


def test_strange_values_are_as_if_they_were_not_there(school: School) -> None:
    files = oneroster(academicSessions=HALVES)
    sessions = {"a": {"scheme": "Как попало", "code": "h1"}, "b": {"scheme": "halves", "code": "h" * 41}}
    with_columns(files, "academicSessions", sessions)
    with_columns(files, "classes", {"h8a": {"scheme": "nowhere", "weekDays": "9"}, "en1": {"kind": "зал"}})
    with_columns(files, "enrollments", {"e7": {"hoursPerWeek": "61"}})
    report = imported(school, files)
    assert counts(report).get("refused", 0) == 0, report.refusals
    now = Now(school)
    formed = now.states.load(ClassState, now.class_named("8А")).formed
    assert formed is not None
    assert (formed.scheme, formed.week_days) == ("half-years", 5)
    opened = [now.states.load(JournalState, one) for one in now.streams("journal")]
    assert {load.hours_per_week for one in opened for load in one.loads} == {None}


def test_periods_that_the_rules_refuse_leave_the_usual_ones(school: School) -> None:
    files = oneroster(academicSessions=HALVES)
    same = {"scheme": "halves", "code": "h1"}
    with_columns(files, "academicSessions", {"a": same, "b": same})
    report = imported(school, files)
    assert len(report.refusals) == 1
    now = Now(school)
    (year,) = now.streams("year")
    assert list(now.states.load(YearState, year).data.schemes) == ["half-years"]


def test_a_manifest_without_a_version_is_refused_with_what_it_lacks() -> None:
    files = oneroster()
    files["manifest.csv"] = files["manifest.csv"].replace(b"oneroster.version", b"other.version")
    with pytest.raises(ImportRefused, match=r"does not say its version \(oneroster.version\)"):
        read_oneroster(files)
