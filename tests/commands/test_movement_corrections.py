"""Movements that were recorded wrongly are put right; day by day the memberships are what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import takewhile
from random import Random
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from ejd.kernel.command import Command
from ejd.kernel.envelope import Ref
from ejd.kernel.events import journals as j
from ejd.kernel.events import people as p
from ejd.kernel.spells import Segment, following, joined, segments
from ejd.kernel.states.people import PupilState, stay_on
from ejd_commands.known import EndsBeforeItBegins, OutsideTheYear, UnknownClass
from ejd_commands.movement import (
    IndividualGroupIsTaken,
    JoinGroup,
    LeaveGroup,
    NotInAClass,
    NotInTheGroup,
    NotOfTheseClasses,
    RecordDeparture,
    RecordReturn,
    TransferPupil,
)
from ejd_commands.movement_corrections import (
    CorrectDeparture,
    CorrectEnrolment,
    CorrectGroupStay,
    CorrectReturn,
    CorrectTransfer,
    MovementsNotInOrder,
    NoSuchMovement,
    WithdrawGroupStay,
    WithdrawMovement,
)
from tests.scenario import Scenario, World, given, sealed
from tests.worlds import (
    A_CLASS_5A,
    A_GROUP_JOURNAL,
    CLASS_5A,
    CLASS_5B,
    FIRST_DAY,
    GLEB,
    GROUP,
    HEAD,
    LAST_DAY,
    STRANGER,
    VERA,
    YEAR,
)

WHY = "Приказ № 12 от другого числа"
OCTOBER, MID_OCTOBER, NOVEMBER = date(2025, 10, 1), date(2025, 10, 15), date(2025, 11, 10)
MOVED = (VERA, p.PupilTransferred(old_class=CLASS_5A, new_class=CLASS_5B, transferred_on=OCTOBER))
LEFT_GROUP = (VERA, p.GroupLeft(group=GROUP, left_on=OCTOBER))
GONE = (VERA, p.PupilLeft(left_on=OCTOBER))
BACK = (VERA, p.PupilReturned(class_id=CLASS_5A, returned_on=NOVEMBER))
BOTH, BOTH_OF_THEM = (
    "6d1c2f60-5a1b-4a57-93c3-6f3d0d1f6b11",
    (
        "6d1c2f60-5a1b-4a57-93c3-6f3d0d1f6b11",
        j.TeachingGroupFormed(year=YEAR, name="5АБ физ.", kind="stream", classes=(CLASS_5A, CLASS_5B)),
    ),
)


def spell(where: str, starts: date, ends: date | None = None) -> p.Spell:
    return p.Spell(where=where, starts=starts, ends=ends)


def classes_corrected(old: tuple[p.Spell, ...], new: tuple[p.Spell, ...]) -> p.ClassStaysCorrected:
    return p.ClassStaysCorrected(old=old, new=new, reason=sealed(VERA, WHY))


def group_corrected(old: tuple[p.Spell, ...], new: tuple[p.Spell, ...], group: str = GROUP) -> p.GroupStaysCorrected:
    return p.GroupStaysCorrected(group=group, old=old, new=new, reason=sealed(VERA, WHY))


def test_a_transfer_was_on_another_day_and_the_group_goes_with_it() -> None:
    command = CorrectTransfer(
        pupil=VERA, recorded_on=OCTOBER, class_id=CLASS_5B, transferred_on=MID_OCTOBER, reason=WHY
    )
    outcome = given(A_GROUP_JOURNAL, MOVED, LEFT_GROUP).when(command, by=HEAD)
    outcome.then(
        classes_corrected(
            (spell(CLASS_5A, FIRST_DAY, OCTOBER), spell(CLASS_5B, OCTOBER)),
            (spell(CLASS_5A, FIRST_DAY, MID_OCTOBER), spell(CLASS_5B, MID_OCTOBER)),
        ),
        group_corrected((spell(GROUP, FIRST_DAY, OCTOBER),), (spell(GROUP, FIRST_DAY, MID_OCTOBER),)),
    ).standing_on(Ref(VERA, 3)).in_stream(VERA)
    outcome.sealing(VERA, WHY, field="class-stays-corrected.reason")
    outcome.sealing(VERA, WHY, field="group-stays-corrected.reason")
    memberships = outcome.and_then_given().state(PupilState, VERA).memberships
    assert [stay.ref for stay in memberships.classes] == [Ref(VERA, 1), Ref(VERA, 5)]
    assert [stay.ref for stay in memberships.groups] == [Ref(VERA, 2)]
    again = command.model_copy(update={"recorded_on": MID_OCTOBER})
    outcome.when(again, by=HEAD).then_nothing()


def test_an_earlier_transfer_takes_the_pupil_out_of_the_old_group_earlier() -> None:
    earlier = date(2025, 9, 15)
    command = CorrectTransfer(pupil=VERA, recorded_on=OCTOBER, class_id=CLASS_5B, transferred_on=earlier, reason=WHY)
    events = given(A_GROUP_JOURNAL, MOVED, LEFT_GROUP).when(command, by=HEAD).events
    assert events[1] == group_corrected((spell(GROUP, FIRST_DAY, OCTOBER),), (spell(GROUP, FIRST_DAY, earlier),))


def test_a_transfer_that_never_was_is_withdrawn_with_what_it_ended() -> None:
    command = WithdrawMovement(pupil=VERA, recorded_on=OCTOBER, reason=WHY)
    given(A_GROUP_JOURNAL, MOVED, LEFT_GROUP).when(command, by=HEAD).then(
        classes_corrected(
            (spell(CLASS_5A, FIRST_DAY, OCTOBER), spell(CLASS_5B, OCTOBER)), (spell(CLASS_5A, FIRST_DAY),)
        ),
        group_corrected((spell(GROUP, FIRST_DAY, OCTOBER),), (spell(GROUP, FIRST_DAY),)),
    )


def test_a_departure_and_a_return_are_put_right() -> None:
    world = given(A_CLASS_5A, GONE, BACK)
    on_record = (spell(CLASS_5A, FIRST_DAY, OCTOBER), spell(CLASS_5A, NOVEMBER))
    departure = CorrectDeparture(pupil=VERA, recorded_on=OCTOBER, left_on=MID_OCTOBER, reason=WHY)
    world.when(departure, by=HEAD).then(
        classes_corrected(on_record, (spell(CLASS_5A, FIRST_DAY, MID_OCTOBER), spell(CLASS_5A, NOVEMBER)))
    )
    back = CorrectReturn(pupil=VERA, recorded_on=NOVEMBER, class_id=CLASS_5B, returned_on=MID_OCTOBER, reason=WHY)
    world.when(back, by=HEAD).then(
        classes_corrected(on_record, (spell(CLASS_5A, FIRST_DAY, OCTOBER), spell(CLASS_5B, MID_OCTOBER)))
    )
    never_left = WithdrawMovement(pupil=VERA, recorded_on=OCTOBER, reason=WHY)
    world.when(never_left, by=HEAD).then(classes_corrected(on_record, (spell(CLASS_5A, FIRST_DAY),)))
    never_came_back = WithdrawMovement(pupil=VERA, recorded_on=NOVEMBER, reason=WHY)
    world.when(never_came_back, by=HEAD).then(classes_corrected(on_record, (spell(CLASS_5A, FIRST_DAY, OCTOBER),)))
    last = CorrectDeparture(pupil=VERA, recorded_on=OCTOBER, left_on=NOVEMBER, reason=WHY)
    given(A_CLASS_5A, GONE).when(last, by=HEAD).then(
        classes_corrected((spell(CLASS_5A, FIRST_DAY, OCTOBER),), (spell(CLASS_5A, FIRST_DAY, NOVEMBER),))
    )
    given(A_CLASS_5A, GONE).when(never_left, by=HEAD).then(
        classes_corrected((spell(CLASS_5A, FIRST_DAY, OCTOBER),), (spell(CLASS_5A, FIRST_DAY),))
    )


def test_an_enrolment_was_on_another_day_and_groups_joined_with_it_follow() -> None:
    later = CorrectEnrolment(pupil=VERA, class_id=CLASS_5A, enrolled_on=OCTOBER, reason=WHY)
    outcome = given(A_GROUP_JOURNAL).when(later, by=HEAD)
    outcome.then(
        classes_corrected((spell(CLASS_5A, FIRST_DAY),), (spell(CLASS_5A, OCTOBER),)),
        group_corrected((spell(GROUP, FIRST_DAY),), (spell(GROUP, OCTOBER),)),
    )
    earlier = CorrectEnrolment(pupil=VERA, class_id=CLASS_5A, enrolled_on=FIRST_DAY, reason=WHY)
    outcome.when(earlier, by=HEAD).then(
        classes_corrected((spell(CLASS_5A, OCTOBER),), (spell(CLASS_5A, FIRST_DAY),)),
        group_corrected((spell(GROUP, OCTOBER),), (spell(GROUP, FIRST_DAY),)),
    )
    other_class = CorrectEnrolment(pupil=VERA, class_id=CLASS_5B, enrolled_on=FIRST_DAY, reason=WHY)
    given(A_GROUP_JOURNAL).when(other_class, by=HEAD).then(
        classes_corrected((spell(CLASS_5A, FIRST_DAY),), (spell(CLASS_5B, FIRST_DAY),)),
        group_corrected((spell(GROUP, FIRST_DAY),), ()),
    )


def test_a_group_that_was_never_formed_stays_as_it_is() -> None:
    odd = (VERA, p.GroupJoined(group=STRANGER, joined_on=FIRST_DAY))
    later = CorrectEnrolment(pupil=VERA, class_id=CLASS_5A, enrolled_on=OCTOBER, reason=WHY)
    assert len(given(A_CLASS_5A, odd).when(later, by=HEAD).events) == 1


ON: dict[str, Any] = {"pupil": VERA, "reason": WHY}


@pytest.mark.parametrize(
    ("command", "refusal", "field"),
    [
        (CorrectEnrolment(**ON, class_id=CLASS_5A, enrolled_on=OCTOBER), MovementsNotInOrder, "enrolled_on"),
        (CorrectEnrolment(**ON, class_id=STRANGER, enrolled_on=FIRST_DAY), UnknownClass, "class_id"),
        (CorrectEnrolment(**ON, class_id=CLASS_5A, enrolled_on=date(2025, 8, 1)), OutsideTheYear, "enrolled_on"),
        (
            CorrectTransfer(**ON, recorded_on=OCTOBER, class_id=CLASS_5B, transferred_on=MID_OCTOBER),
            NoSuchMovement,
            "recorded_on",
        ),
        (
            CorrectReturn(**ON, recorded_on=MID_OCTOBER, class_id=CLASS_5B, returned_on=OCTOBER),
            NoSuchMovement,
            "recorded_on",
        ),
        (
            CorrectReturn(**ON, recorded_on=NOVEMBER, class_id=CLASS_5B, returned_on=FIRST_DAY),
            MovementsNotInOrder,
            "returned_on",
        ),
        (
            CorrectReturn(**ON, recorded_on=NOVEMBER, class_id=CLASS_5B, returned_on=date(2025, 9, 20)),
            MovementsNotInOrder,
            "returned_on",
        ),
        (CorrectDeparture(**ON, recorded_on=MID_OCTOBER, left_on=NOVEMBER), NoSuchMovement, "recorded_on"),
        (CorrectDeparture(**ON, recorded_on=OCTOBER, left_on=NOVEMBER), MovementsNotInOrder, "left_on"),
        (CorrectDeparture(**ON, recorded_on=OCTOBER, left_on=FIRST_DAY), MovementsNotInOrder, "left_on"),
        (WithdrawMovement(**ON, recorded_on=FIRST_DAY), NoSuchMovement, "recorded_on"),
    ],
    ids=lambda one: one.model_dump_json() if isinstance(one, Command) else None,
)
def test_what_is_not_on_record_or_out_of_order_is_refused(command: Command, refusal: Any, field: str) -> None:
    given(A_CLASS_5A, GONE, BACK).when(command, by=HEAD).then_refused(refusal, field=field)


def test_a_pupil_who_was_never_in_a_class_has_no_enrolment_to_correct() -> None:
    nowhere = (VERA, p.ClassStaysCorrected(old=(), new=(), reason=sealed(VERA, WHY)))
    command = CorrectEnrolment(**ON, class_id=CLASS_5A, enrolled_on=OCTOBER)
    given(A_CLASS_5A, nowhere).when(command, by=HEAD).then_refused(NotInAClass, saying="never in a class")


def group_stay(starts: date, ends: date | None = None, recorded_on: date = FIRST_DAY) -> CorrectGroupStay:
    return CorrectGroupStay(**ON, group=GROUP, recorded_on=recorded_on, starts=starts, ends=ends)


def test_a_membership_in_a_group_gets_its_right_days_or_never_was() -> None:
    world = given(A_GROUP_JOURNAL)
    world.when(group_stay(OCTOBER, NOVEMBER), by=HEAD).then(
        group_corrected((spell(GROUP, FIRST_DAY),), (spell(GROUP, OCTOBER, NOVEMBER),))
    )
    world.when(group_stay(FIRST_DAY), by=HEAD).then_nothing()
    never = WithdrawGroupStay(**ON, group=GROUP, recorded_on=FIRST_DAY)
    world.when(never, by=HEAD).then(group_corrected((spell(GROUP, FIRST_DAY),), ()))
    world.when(group_stay(OCTOBER, recorded_on=NOVEMBER), by=HEAD).then_refused(NotInTheGroup, field="recorded_on")
    world.when(group_stay(OCTOBER, OCTOBER), by=HEAD).then_refused(EndsBeforeItBegins, field="ends")
    world.when(group_stay(date(2025, 8, 1)), by=HEAD).then_refused(OutsideTheYear, field="starts")
    world.when(group_stay(OCTOBER, date(2027, 1, 1)), by=HEAD).then_refused(OutsideTheYear, field="ends")


def test_a_membership_keeps_to_the_days_in_the_groups_classes_and_to_itself() -> None:
    moved = given(A_GROUP_JOURNAL, MOVED, LEFT_GROUP)
    refused = moved.when(group_stay(FIRST_DAY, NOVEMBER), by=HEAD)
    refused.then_refused(NotOfTheseClasses, saying="01.10.2025", field="ends")
    moved.when(group_stay(OCTOBER, NOVEMBER), by=HEAD).then_refused(NotOfTheseClasses, field="starts")
    again = (VERA, p.GroupJoined(group=GROUP, joined_on=NOVEMBER))
    twice = given(A_GROUP_JOURNAL, LEFT_GROUP, again)
    twice.when(group_stay(FIRST_DAY), by=HEAD).then_refused(MovementsNotInOrder, saying="10.11.2025", field="starts")
    twice.when(group_stay(FIRST_DAY, NOVEMBER), by=HEAD).then(
        group_corrected(
            (spell(GROUP, FIRST_DAY, OCTOBER), spell(GROUP, NOVEMBER)),
            (spell(GROUP, FIRST_DAY),),
        )
    )


ALONE_AT_HOME: World = (
    (BOTH, j.TeachingGroupFormed(year=YEAR, name="Обучение на дому", kind="individual", classes=(CLASS_5A,))),
    (VERA, p.GroupJoined(group=BOTH, joined_on=FIRST_DAY)),
)


def test_the_place_in_individual_teaching_goes_with_the_correction() -> None:
    key = f"individual/{BOTH}"
    taken = given(A_CLASS_5A, ALONE_AT_HOME).with_reserved({key: VERA})
    ended = CorrectGroupStay(**ON, group=BOTH, recorded_on=FIRST_DAY, starts=FIRST_DAY, ends=OCTOBER)
    outcome = taken.when(ended, by=HEAD)
    assert outcome.released == [key]
    reopened = CorrectGroupStay(**ON, group=BOTH, recorded_on=FIRST_DAY, starts=FIRST_DAY)
    assert outcome.when(reopened, by=HEAD).reserved == {key: VERA}
    other = outcome.and_then_given().with_reserved({key: GLEB})
    other.when(reopened, by=HEAD).then_refused(IndividualGroupIsTaken, saying="another pupil")


def test_spells_in_one_place_that_touch_are_one() -> None:
    one, two = spell("a", OCTOBER, MID_OCTOBER), spell("a", MID_OCTOBER, NOVEMBER)
    assert joined((one, two)) == (spell("a", OCTOBER, NOVEMBER),)
    assert joined((one, spell("b", MID_OCTOBER))) == (one, spell("b", MID_OCTOBER))


def test_days_are_cut_wherever_either_side_changes() -> None:
    assert segments((spell("a", OCTOBER, NOVEMBER),), (spell("b", MID_OCTOBER),)) == [
        Segment(OCTOBER, MID_OCTOBER, "a", ""),
        Segment(MID_OCTOBER, NOVEMBER, "a", "b"),
        Segment(NOVEMBER, date.max, "", "b"),
    ]


def test_a_group_left_for_other_reasons_is_not_joined_again() -> None:
    days = segments((spell("a", OCTOBER, NOVEMBER),), (spell("a", OCTOBER),))
    left_before = (spell("g", OCTOBER, MID_OCTOBER),)
    assert following(left_before, "g", {"a"}, days) == left_before


# Any sequence of movements, against a diary with a line for each day.

DAYS = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 30)]
GROUPS: dict[str, set[str]] = {GROUP: {CLASS_5A}, BOTH: {CLASS_5A, CLASS_5B}}
ONE_DAY = timedelta(days=1)


@dataclass
class Diary:
    """Where the pupil is, day by day: nothing about stays, only about days."""

    place: dict[date, str] = field(default_factory=lambda: dict.fromkeys(DAYS, CLASS_5A))
    groups: dict[str, set[date]] = field(default_factory=lambda: {GROUP: set(DAYS), BOTH: set()})

    def at(self, day: date) -> str:
        """Answer the class on a day, "" for none."""
        return self.place.get(day, "" if day < FIRST_DAY else self.place[DAYS[-1]])

    def run_end(self, day: date) -> date:
        """Answer the first later day on which the pupil is elsewhere."""
        return next((one for one in DAYS if one > day and self.at(one) != self.at(day)), DAYS[-1] + ONE_DAY)

    def from_on(self, day: date, where: str) -> None:
        """Live on in another place, out of the groups that are not for it."""
        for one in DAYS:
            if one >= day:
                self.place[one] = where
                for group, days in self.groups.items():
                    if where not in GROUPS[group]:
                        days.discard(one)

    def rewrite(self, right: Callable[[date], str], first: date, end: date) -> None:
        """Write other places into [first, end), then let the groups follow."""
        old = dict(self.place)
        for day in DAYS:
            if first <= day < end:
                self.place[day] = right(day)
        for group, days in self.groups.items():
            gained = [d for d in DAYS if self.place[d] in GROUPS[group] and old[d] not in GROUPS[group]]
            for run in _runs(gained):
                if run[0] - ONE_DAY in days or run[-1] + ONE_DAY in days:
                    days.update(run)
            days.difference_update(d for d in DAYS if self.place[d] not in GROUPS[group])


def _runs(days: list[date]) -> Iterator[list[date]]:
    run: list[date] = []
    for day in days:
        if run and day != run[-1] + ONE_DAY:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def recorded(diary: Diary, command: Any) -> None:
    """Do to the diary what a command that was taken means."""
    match command:
        case TransferPupil():
            diary.from_on(command.transferred_on, command.class_id)
        case RecordDeparture():
            diary.from_on(command.left_on, "")
        case RecordReturn():
            diary.from_on(command.returned_on, command.class_id)
        case JoinGroup():
            own = diary.groups[command.group]
            own.difference_update([day for day in DAYS if day >= command.joined_on])
            later = (day for day in DAYS if day >= command.joined_on)
            own.update(takewhile(lambda day: diary.at(day) in GROUPS[command.group], later))
        case LeaveGroup():
            diary.groups[command.group].difference_update([day for day in DAYS if day >= command.left_on])
        case _:
            corrected(diary, command)


def corrected(diary: Diary, command: Any) -> None:
    match command:
        case CorrectEnrolment():
            begun = next(day for day in DAYS if diary.at(day))
            end, day, class_id = diary.run_end(begun), command.enrolled_on, command.class_id
            diary.rewrite(lambda d: class_id if d >= day else "", min(begun, day), end)
        case CorrectTransfer() | CorrectReturn():
            day = command.transferred_on if isinstance(command, CorrectTransfer) else command.returned_on
            on_record, class_id = command.recorded_on, command.class_id
            end, before = diary.run_end(on_record), diary.at(on_record - ONE_DAY)
            diary.rewrite(lambda d: class_id if d >= day else before, min(on_record, day), end)
        case CorrectDeparture():
            on_record, day, before = command.recorded_on, command.left_on, diary.at(command.recorded_on - ONE_DAY)
            diary.rewrite(lambda d: before if d < day else "", min(on_record, day), max(on_record, day))
        case WithdrawMovement():
            before = diary.at(command.recorded_on - ONE_DAY)
            diary.rewrite(lambda _: before, command.recorded_on, diary.run_end(command.recorded_on))
        case CorrectGroupStay() | WithdrawGroupStay():
            own = diary.groups[command.group]
            own.difference_update(next(run for run in _runs(sorted(own)) if run[0] == command.recorded_on))
            if isinstance(command, CorrectGroupStay):
                ends = command.ends or DAYS[-1] + ONE_DAY
                own.update(day for day in DAYS if command.starts <= day < ends)


def a_command(diary: Diary, rnd: Random) -> Command:
    """Draw a movement or a correction; days on which two stays in one place would touch are left out."""
    day = rnd.choice(DAYS[:200])
    class_id = rnd.choice((CLASS_5A, CLASS_5B))
    group = rnd.choice(list(GROUPS))
    changes = [one for one in DAYS[1:] if diary.at(one) != diary.at(one - ONE_DAY)] or [day]
    on: dict[str, Any] = {**ON, "recorded_on": rnd.choice(changes)}
    begins = [run[0] for run in _runs(sorted(diary.groups[group]))] or [day]
    of_group: dict[str, Any] = {**ON, "group": group, "recorded_on": rnd.choice(begins)}
    ends = rnd.choice((None, day + timedelta(days=rnd.randint(-2, 60))))
    choices: list[Command] = [
        RecordDeparture(pupil=VERA, left_on=day),
        JoinGroup(pupil=VERA, group=group, joined_on=day),
        LeaveGroup(pupil=VERA, group=group, left_on=day),
        CorrectEnrolment(**ON, class_id=class_id, enrolled_on=day),
        CorrectTransfer(**on, class_id=class_id, transferred_on=day),
        CorrectReturn(**on, class_id=class_id, returned_on=day),
        CorrectDeparture(**on, left_on=day),
        WithdrawMovement(**on),
        CorrectGroupStay(**of_group, starts=day, ends=ends),
        WithdrawGroupStay(**of_group),
    ]
    if diary.at(day - ONE_DAY) != class_id:
        choices.append(TransferPupil(pupil=VERA, class_id=class_id, transferred_on=day))
    if not diary.at(day - ONE_DAY):
        choices.append(RecordReturn(pupil=VERA, class_id=class_id, returned_on=day))
    return rnd.choice(choices)


def differences(diary: Diary, scenario: Scenario) -> list[tuple[date, str, str]]:
    memberships = scenario.state(PupilState, VERA).memberships
    found = []
    for day in DAYS:
        stay = memberships.class_on(day)
        if ("" if stay is None else stay.where) != diary.at(day):
            found.append((day, "class", diary.at(day)))
        found += [
            (day, group, "in" if day in days else "out")
            for group, days in diary.groups.items()
            if (stay_on(memberships.groups, day, group) is not None) != (day in days)
        ]
    return found


@settings(deadline=None, max_examples=40)
@drawn(seeds=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=25))
def test_any_sequence_of_movements_is_what_a_diary_of_days_says(seeds: list[int]) -> None:
    diary, scenario = Diary(), given(A_GROUP_JOURNAL, BOTH_OF_THEM)
    for seed in seeds:
        command = a_command(diary, Random(seed))
        outcome = scenario.when(command, by=HEAD)
        if outcome.refusal is None and outcome.events:
            recorded(diary, command)
            scenario = outcome.and_then_given()
        assert differences(diary, scenario) == [], command
