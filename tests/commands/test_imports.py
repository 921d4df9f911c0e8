"""Imports as a whole: begun, applied, undone as one."""

from __future__ import annotations

from datetime import date
from typing import Any

from ejd.kernel.command import Command, NotAllowed
from ejd.kernel.event import Event
from ejd.kernel.events import curricula as c
from ejd.kernel.events import imports as i
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.events import school as s
from ejd.kernel.events import year as y
from ejd.kernel.events.markers import EventsVoided
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.imports import ImportState, client_of
from ejd_commands.imports import (
    BeginImport,
    FinishImport,
    ImportIsOver,
    NoSuchImport,
    NothingToUndo,
    UndoImport,
    UsedSince,
)
from tests.scenario import Decided, Scenario, given, sealed, uid
from tests.worlds import A_CLASS_5A, ADA, CLASS_5A, DEPUTY, HEAD, VERA, YEAR

IMPORT, SOURCE, DIGEST = uid("import"), "roster-12345678", "a" * 64
SUBJECT, CLASS = uid("subject of the import"), uid("class of the import")
BEGIN: dict[str, Any] = {
    "import_id": IMPORT,
    "source": SOURCE,
    "kind": "roster",
    "file_name": "5А.xlsx",
    "digest": DIGEST,
    "year": YEAR,
    "starts": date(2025, 9, 1),
    "commands": 2,
}
COUNTS: dict[str, Any] = dict.fromkeys(("added", "changed", "ended", "unchanged", "kept", "refused"), 1)
REFUSED = {"file": "users.csv", "sheet": "", "row": 7, "column": "status", "reason": "unknown"}


def begin(**change: Any) -> BeginImport:
    return BeginImport.model_validate({**BEGIN, **change})


def finish(**change: Any) -> FinishImport:
    return FinishImport.model_validate({"import_id": IMPORT, **COUNTS, "refusals": [REFUSED], **change})


def begun(account: str = DEPUTY) -> i.ImportBegun:
    return i.ImportBegun(
        source=SOURCE,
        kind="roster",
        file_name=sealed(SCHOOL, "5А.xlsx"),
        digest=DIGEST,
        year=YEAR,
        starts=date(2025, 9, 1),
        commands=2,
        account=account,
        at=given(A_CLASS_5A).now(),
    )


def brought(*events: tuple[str, Event], before: Scenario | None = None) -> Scenario:
    """Answer what an import of the deputy head brought."""
    scenario = (before or given(A_CLASS_5A)).when(begin(), by=DEPUTY).and_then_given()
    for stream, event in events:
        scenario.store(Decided(stream, event, ()), by=DEPUTY)
        scenario.log[-1] = scenario.log[-1]._replace(client=client_of(SOURCE, IMPORT))
    return scenario


def subject(name: str, stream: str = SUBJECT) -> tuple[str, Event]:
    return stream, s.SubjectDefined(name=name)


def formed(name: str, stream: str = CLASS) -> tuple[str, Event]:
    return stream, j.ClassFormed(year=YEAR, name=name, grade=5, scheme="quarters", bells="first-shift")


def undo(*keep: str) -> UndoImport:
    return UndoImport(import_id=IMPORT, keep=keep)


def test_an_import_is_begun_once_by_each_account() -> None:
    outcome = given(A_CLASS_5A).when(begin(), by=DEPUTY)
    outcome.then(begun()).sealing(SCHOOL, "5А.xlsx", field="import-begun.file_name")
    outcome.when(begin(), by=DEPUTY).then_nothing()
    outcome.when(begin(), by=HEAD).then(begun(HEAD))
    given(A_CLASS_5A).when(begin(), by=ADA).then_refused(NotAllowed)


def test_an_import_is_finished_once_and_not_begun_again() -> None:
    given(A_CLASS_5A).when(finish(), by=DEPUTY).then_refused(NoSuchImport, field="import_id")
    done = brought().when(finish(), by=DEPUTY)
    done.then(i.ImportApplied(**COUNTS, refusals=(i.RefusedRow(**REFUSED),)))  # type: ignore[arg-type]
    done.when(finish(added=9), by=DEPUTY).then_nothing()
    done.when(begin(), by=HEAD).then_refused(ImportIsOver)


def test_an_import_is_undone_as_one() -> None:
    scenario = brought(subject("Химия"), formed("5В"))
    after = scenario.when(undo(), by=HEAD)
    after.then(
        i.ImportUndone(events=2, streams=2),
        *(EventsVoided(breach=IMPORT, versions=(1,)) for _ in range(2)),
    )
    assert {one.stream for one in after.decided} == {IMPORT, SUBJECT, CLASS}
    assert set(after.released) == {"subject/химия", f"class/{YEAR}/5в"}
    after.when(undo(), by=HEAD).then_nothing()
    after.when(finish(), by=DEPUTY).then_refused(ImportIsOver, saying="undone")
    after.when(begin(), by=HEAD).then_refused(ImportIsOver)


def test_what_was_changed_since_is_kept_by_name_only() -> None:
    scenario = brought(subject("Химия"), formed("5В"))
    scenario.store(Decided(SUBJECT, s.SubjectDefined(name="Химия и жизнь"), ()), by=HEAD)
    scenario.when(undo(), by=HEAD).then_refused(UsedSince, saying=SUBJECT, field="keep")
    kept = scenario.when(undo(SUBJECT, VERA), by=HEAD)
    kept.then(i.ImportUndone(events=1, streams=1, left=(SUBJECT,)), EventsVoided(breach=IMPORT, versions=(1,)))
    scenario.when(undo(SUBJECT, CLASS), by=HEAD).then_refused(NothingToUndo)


def test_what_a_breach_made_void_since_stands_in_nobodys_way() -> None:
    scenario = brought(subject("Химия"))
    scenario.store(Decided(SUBJECT, s.SubjectDefined(name="Химия!"), ()), by=HEAD)
    scenario.store(Decided(SUBJECT, EventsVoided(breach=uid("breach"), versions=(2,)), ()), by=HEAD)
    scenario.when(undo(), by=HEAD).then(i.ImportUndone(events=1, streams=1), EventsVoided(breach=IMPORT, versions=(1,)))


def test_names_that_an_import_replaced_are_claimed_again() -> None:
    old = subject("Химия")
    before = given(A_CLASS_5A, old)
    scenario = brought(subject("Алхимия"), before=before).with_reserved({"subject/алхимия": SUBJECT})
    after = scenario.when(undo(), by=HEAD)
    after.then(i.ImportUndone(events=1, streams=1), EventsVoided(breach=IMPORT, versions=(2,)))
    assert (after.released, after.reserved["subject/химия"]) == (["subject/алхимия"], SUBJECT)
    taken = scenario.with_reserved({"subject/химия": uid("another")})
    taken.when(undo(), by=HEAD).then_refused(UsedSince, saying="the name")


def test_a_name_that_stays_the_same_stays_claimed() -> None:
    before = given(A_CLASS_5A, subject("Химия"))
    scenario = brought((SUBJECT, s.SubjectDefined(name="Химия", short="Хим")), before=before)
    after = scenario.when(undo(), by=HEAD)
    after.then(i.ImportUndone(events=1, streams=1), EventsVoided(breach=IMPORT, versions=(2,)))
    assert after.released == []


def test_every_kind_of_name_is_given_back() -> None:
    stream = {name: uid(f"given back {name}") for name in ("year", "group", "journal", "link", "guardian")}
    external = uid("external")
    scenario = brought(
        (stream["year"], y.AcademicYearOpened(name="2030/31", first_day=date(2030, 9, 1), last_day=date(2031, 5, 30))),
        (stream["group"], j.TeachingGroupFormed(year=YEAR, name="Хор", kind="club", classes=(CLASS_5A,))),
        (
            stream["journal"],
            j.JournalOpened(
                year=YEAR,
                subject=SUBJECT,
                group=CLASS_5A,
                group_kind="class",
                classes=(CLASS_5A,),
                grade=5,
                scheme="quarters",
                bells="first-shift",
                grading_system="five-point",
                name="Химия, 5А",
            ),
        ),
        (VERA, p.ExternalIdLinked(source=SOURCE, external=external)),
        (stream["guardian"], p.GuardianRegistered(name=sealed(stream["guardian"], "n"))),
    )
    after = scenario.when(undo(), by=HEAD)
    assert after.refusal is None
    assert set(after.released) == {
        "year/2030/31",
        f"group/{YEAR}/хор",
        f"journal/{YEAR}/{SUBJECT}/{CLASS_5A}",
        f"external/{external}",
    }


def test_only_what_the_import_brought_is_undone() -> None:
    scenario = brought(subject("Химия"))
    own = subject("Физика", uid("by hand"))
    scenario.store(Decided(own[0], own[1], ()), by=DEPUTY)
    after = scenario.when(undo(), by=HEAD)
    after.then(i.ImportUndone(events=1, streams=1), EventsVoided(breach=IMPORT, versions=(1,)))


def test_an_import_that_is_not_there_cannot_be_undone() -> None:
    command: Command = UndoImport(import_id=uid("no import"))
    given(A_CLASS_5A).when(command, by=HEAD).then_refused(NoSuchImport)


def test_the_state_leaves_other_events_alone() -> None:
    state = given((IMPORT, begun()), (IMPORT, s.SubjectDefined(name="x"))).state(ImportState, IMPORT)
    assert (len(state.begun), state.client) == (1, client_of(SOURCE, IMPORT))


def test_an_import_that_still_runs_is_swept_when_it_is_undone_again() -> None:
    scenario = brought(subject("Химия"))
    after = scenario.when(undo(), by=HEAD)
    late = after.and_then_given()
    late.store(Decided(CLASS, formed("5В")[1], ()), by=DEPUTY)
    late.log[-1] = late.log[-1]._replace(client=client_of(SOURCE, IMPORT))
    swept = late.when(undo(), by=HEAD)
    swept.then(i.ImportUndone(events=1, streams=1), EventsVoided(breach=IMPORT, versions=(1,)))
    state = swept.and_then_given().state(ImportState, IMPORT)
    assert state.undone == i.ImportUndone(events=2, streams=2)
    swept.when(undo(), by=HEAD).then_nothing()


def test_an_import_is_stopped_before_it_brought_anything_but_not_undone_after_it_ended_with_nothing() -> None:
    brought().when(undo(), by=HEAD).then(i.ImportUndone(events=0, streams=0))
    ended = brought().when(finish(), by=DEPUTY)
    ended.when(undo(), by=HEAD).then_refused(NothingToUndo)


def test_an_applied_import_that_is_undone_is_not_undone_again() -> None:
    done = brought(subject("Химия")).when(finish(), by=DEPUTY)
    done.when(undo(), by=HEAD).when(undo(), by=HEAD).then_nothing()


def test_rooms_curricula_and_the_place_in_individual_teaching_are_given_back() -> None:
    room, curriculum, group = uid("room of the import"), uid("curriculum of the import"), uid("group of one")
    line = c.CurriculumLine(subject=SUBJECT, hours_per_week_hundredths=200, hours_per_year=68)
    alone = (group, j.TeachingGroupFormed(year=YEAR, name="Один", kind="individual", classes=(CLASS_5A,)))
    club = (uid("a club"), j.TeachingGroupFormed(year=YEAR, name="Хор", kind="club", classes=(CLASS_5A,)))
    joined = [(VERA, p.GroupJoined(group=one[0], joined_on=date(2025, 9, 1))) for one in (alone, club)]
    scenario = brought(
        (room, s.RoomDefined(name="305", capacity=None)),
        (curriculum, c.CurriculumAdopted(year=YEAR, name="Учебный план", grades=(5,), lines=(line,))),
        *joined,
        before=given(A_CLASS_5A, alone, club),
    )
    after = scenario.when(undo(), by=HEAD)
    assert after.refusal is None
    assert set(after.released) == {"room/305", f"curriculum/{YEAR}/учебный план", f"individual/{group}"}
    taken = scenario.with_reserved({f"individual/{group}": uid("another pupil")}).when(undo(), by=HEAD)
    assert f"individual/{group}" not in taken.released
