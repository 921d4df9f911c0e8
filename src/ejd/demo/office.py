"""What the office sets right after it was entered wrongly: names, days, classes, groups (C8)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ejd.demo.setup import employed_on
from ejd.demo.shape import FIRST_DAY, derived_id
from ejd_commands import movement as m
from ejd_commands import movement_corrections as c
from ejd_commands import people as p
from ejd_commands import person_records as r
from ejd_commands import positions as s

if TYPE_CHECKING:
    from ejd.demo.roster import Pupil, Roster, SchoolClass, Teacher
    from ejd.demo.sending import Agenda
    from ejd.kernel.command import Command

OFFICE_OPENS = 430
"""7:10, minutes since midnight: before the first lesson."""
ORDERED = "Приказ действует с 1 сентября"
MISTAKE = "Ошибка при вводе по заявлению"


def _on(day: int) -> date:
    """Answer a day of September."""
    return FIRST_DAY + timedelta(days=day - 1)


class Office:
    """Notes commands only: the lessons of the story do not depend on them."""

    def __init__(self, seed: int, roster: Roster, agenda: Agenda) -> None:
        """Take two classes of one grade, for a pupil to be moved between."""
        self._seed, self._roster, self._agenda = seed, roster, agenda
        self._deputy = roster.deputies[0].account
        titled = {one.title: one for one in roster.classes}
        self._one, self._other = titled["5А"], titled["5Б"]

    def plan(self) -> None:
        """Plan all of it."""
        self._newcomer_with_mistakes()
        self._departure_that_was_none(self._one.pupils[0])
        self._head_of_department(self._roster.teachers[-1])

    def _note(self, day: int, *commands: Command) -> None:
        self._agenda.note(_on(day), OFFICE_OPENS, self._deputy, *commands)

    def _head_of_department(self, teacher: Teacher) -> None:
        """A teacher whose new position was entered from a wrong day on."""
        began = employed_on(teacher)
        led = f"{teacher.position}, руководитель методического объединения"
        right = (
            s.PositionPart(position=teacher.position, starts=began),
            s.PositionPart(position=led, starts=FIRST_DAY),
        )
        self._note(10, s.ChangeStaffPosition(staff=teacher.id, position=led, starts=_on(10)))
        self._note(11, s.CorrectStaffPositions(staff=teacher.id, positions=right, reason=ORDERED))

    def _newcomer_with_mistakes(self) -> None:
        """A pupil of whom nearly everything was entered wrongly, and was corrected later."""
        pupil = derived_id(self._seed, "pupil", "entered with mistakes")
        one, other = self._one.id, self._other.id
        own, wrong = self._english(self._one), self._english(self._other)
        self._note(
            3,
            p.EnrolPupil(
                pupil=pupil,
                family="Сокалов",
                given="Тимофей",
                middle="Ильич",
                birth_date=date(2015, 3, 8),
                class_id=one,
                enrolled_on=_on(3),
            ),
            m.JoinGroup(pupil=pupil, group=own[0], joined_on=_on(3)),
            m.JoinGroup(pupil=pupil, group=own[1], joined_on=_on(3)),
        )
        self._note(
            4,
            r.CorrectPersonName(kind="pupil", person=pupil, family="Соколов", given="Тимофей", middle="Ильич"),
            r.CorrectBirthDate(pupil=pupil, birth_date=date(2015, 8, 3)),
            c.CorrectEnrolment(pupil=pupil, class_id=one, enrolled_on=_on(2), reason=MISTAKE),
            c.CorrectGroupStay(pupil=pupil, group=own[0], recorded_on=_on(2), starts=_on(3), reason=MISTAKE),
            c.WithdrawGroupStay(pupil=pupil, group=own[1], recorded_on=_on(2), reason=MISTAKE),
        )
        self._note(7, m.TransferPupil(pupil=pupil, class_id=other, transferred_on=_on(7)))
        self._note(
            8,
            c.CorrectTransfer(pupil=pupil, recorded_on=_on(7), class_id=other, transferred_on=_on(8), reason=MISTAKE),
            m.JoinGroup(pupil=pupil, group=wrong[0], joined_on=_on(8)),
        )
        self._note(9, m.RecordDeparture(pupil=pupil, left_on=_on(9)))
        self._note(10, c.CorrectDeparture(pupil=pupil, recorded_on=_on(9), left_on=_on(10), reason=MISTAKE))
        self._note(11, m.RecordReturn(pupil=pupil, class_id=other, returned_on=_on(11)))
        self._note(
            12,
            c.CorrectReturn(pupil=pupil, recorded_on=_on(11), class_id=other, returned_on=_on(12), reason=MISTAKE),
        )

    def _english(self, one: SchoolClass) -> list[str]:
        """Answer the groups of a class that are taught English at one time."""
        return [
            journal.group.id
            for journal in self._roster.journals
            if journal.subject == "english" and journal.group is not None and journal.classes == (one,)
        ]

    def _departure_that_was_none(self, pupil: Pupil) -> None:
        """Somebody is recorded as gone, and is there: the same morning it is taken back."""
        day = _on(8)
        self._note(
            8,
            m.RecordDeparture(pupil=pupil.id, left_on=day),
            c.WithdrawMovement(pupil=pupil.id, recorded_on=day, reason="Выбыл однофамилец"),
        )
