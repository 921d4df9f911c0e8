"""The year day by day over HTTP: lessons, illness, moves, a merged lesson, quarantine, a worked Saturday, movements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from random import Random
from typing import Any

from tests.scenario import uid
from tests.year import plan as p
from tests.year import set_up as s
from tests.year.ledger import Entry, Ledger
from tests.year.office import HEAD, Office

MORNING = time(8)
DAYS_AFTER = timedelta(days=1)
ILL_FROM, ILL_UNTIL = date(2026, 1, 19), date(2026, 1, 23)
LEAVER, LEFT_ON = "Жуков Женя", date(2025, 12, 1)
NEWCOMER, CAME_ON = "Новиков Никита", date(2026, 2, 2)
NEW_ID = uid("year newcomer")
NEW_GROUP = "5А, английский 2"
SOON = 5
"""Minutes after the lesson at which it is recorded."""
FORGOTTEN_EVERY = 23
"""Lessons of which one is not recorded at all."""


class Year:
    """Plays the year and keeps its ledger."""

    def __init__(self, office: Office, seed: int) -> None:
        """Stand on the first day."""
        self.office = office
        self.rnd = Random(seed)
        self.ledger = Ledger.of_plan()
        self.count = 0
        self._decisions: dict[date, Callable[[], None]] = {
            date(2025, 10, 9): self._move_to_another_day,
            p.PHYSICS_MOVES_ON - DAYS_AFTER: self._change_timetable,
            date(2025, 11, 20): self._merge,
            LEFT_ON: self._leave,
            date(2025, 12, 4): self._move_within_the_day,
            ILL_FROM: self._illness,
            date(2026, 1, 30): self._make_up,
            CAME_ON: self._come,
            date(2026, 2, 5): self._quarantine,
            p.TRANSFER_DECIDED: self._transfer,
            p.HANDED_OVER_ON - DAYS_AFTER: self._hand_over,
        }

    def play(self, upto: date = p.LAST) -> Ledger:
        """Play every day up to one, included."""
        for day in p.days():
            if day > upto:
                break
            self.office.on(day, MORNING)
            if day in self._decisions:
                self._decisions[day]()
            for one in self.ledger.on(day):
                self._lesson(one)
        return self.ledger

    def _lesson(self, one: Entry) -> None:
        """The teacher records it after its bell, or forgets it."""
        self.count += 1
        if self.count % FORGOTTEN_EVERY == 0 and not one.substitute and not one.extra:
            return
        ends = 555 + 55 * (one.slot - 1) + SOON
        self.office.on(one.day, time(ends // 60, ends % 60))
        pupils = self.pupils_of(one.journal, one.day)
        absent = [pupil for pupil in pupils if self.rnd.random() < 0.05]
        present = [pupil for pupil in pupils if pupil not in absent]
        fields = {
            **self._identity(one),
            "absences": [{"pupil": self.office.pupils[pupil], "kind": "ill"} for pupil in absent],
            "marks": [
                {"pupil": self.office.pupils[pupil], "work": "oral", "value": self.rnd.choice("3455")}
                for pupil in present[:1]
            ],
        }
        if one.subject:
            fields["topic"] = f"{one.subject} вместо: {one.journal.subject}"
        else:
            one.plan_item = self.ledger.next_item(one.journal)
            fields |= {"topic": s.topic(one.plan_item), "plan_item": one.plan_item}
        self.office.send("save-lesson", one.teacher, **fields)
        one.held_by, one.absent = one.teacher, tuple(absent)

    def pupils_of(self, one: p.Journal, day: date) -> list[str]:
        """Answer who is taught on a day."""
        names = list(s.PUPILS.get(one.group) or s.ENGLISH_GROUPS[one.group])
        if one.group in {"5А", NEW_GROUP} and day >= CAME_ON:
            names.append(NEWCOMER)
        return [name for name in names if name != LEAVER or day < LEFT_ON]

    def _identity(self, one: Entry) -> dict[str, Any]:
        day, slot, ordinal = one.place
        return {"journal": s.journal_id(one.journal), "day": day, "slot": slot, "ordinal": ordinal}

    def _entry(self, key: str, day: date, slot: int) -> Entry:
        return self.ledger.entries[key][day, slot, 1]

    def _move(self, one: Entry, day: date, slot: int) -> None:
        self.office.send("move-lesson", **self._identity(one), new_day=day, new_slot=slot, reason="Экскурсия")
        one.day, one.slot = day, slot

    def _move_to_another_day(self) -> None:
        self._move(self._entry(f"{p.RUSSIAN}, 5А", date(2025, 10, 10), 1), date(2025, 10, 13), 4)

    def _move_within_the_day(self) -> None:
        self._move(self._entry(f"{p.PHYSICS}, 10А", date(2025, 12, 4), 1), date(2025, 12, 4), 4)

    def _change_timetable(self) -> None:
        """The physics of Saturday goes to Wednesday; what that does to due lessons is looked at before."""
        journal = p.BY_KEY[f"{p.PHYSICS}, 10А"]
        saturday, wednesday = ({"cycle_day": day + 1, "slot": 2} for day in (p.SATURDAY, p.WEDNESDAY))
        move = {**saturday, "to_cycle_day": wednesday["cycle_day"], "to_slot": wednesday["slot"]}
        change: dict[str, Any] = {
            "year": s.YEAR,
            "starts": p.PHYSICS_MOVES_ON,
            "journals": [{"journal": s.journal_id(journal), "moves": [move]}],
        }
        preview = self.office.ask_with_body("/reports/timetable/preview", change)
        assert (preview["refused"], preview["errors"], preview["warnings"]) == (False, 0, 0), preview
        (shown,) = preview["journals"]
        free = {*p.HOLIDAYS, *p.HOLIDAYS_ON_SATURDAY}
        left = [day for day in p.days() if day >= p.PHYSICS_MOVES_ON and day not in free and not p.in_break(day)]
        gone, come = (sum(day.weekday() == one for day in left) for one in (p.SATURDAY, p.WEDNESDAY))
        assert shown["moving_total"] + shown["vanishing_total"] == gone
        assert shown["moving_total"] + shown["appearing_total"] == come
        assert shown["hours_after"] - shown["hours_before"] == come - gone
        self.office.send("change-timetable", **change)

    def _merge(self) -> None:
        """The second group sits in the lesson of the first one."""
        own, other = (f"{p.ENGLISH}, 5А, английский {number}" for number in (2, 1))
        one = self._entry(own, date(2025, 11, 20), 3)
        one.substitute, one.merged_with = p.GALINA, other
        self.office.send(
            "substitute-teacher",
            **self._identity(one),
            teacher=s.staff_id(p.GALINA),
            absent_teacher=s.staff_id(p.DENIS),
            merged_journal=s.journal_id(p.BY_KEY[other]),
            reason="Болезнь",
        )

    def _leave(self) -> None:
        self.office.send("record-departure", pupil=self.office.pupils[LEAVER], left_on=LEFT_ON)

    def _come(self) -> None:
        family, given = NEWCOMER.split()
        new = {"pupil": NEW_ID, "family": family, "given": given, "class_id": s.class_id("5А")}
        self.office.send("enrol-pupil", **new, enrolled_on=CAME_ON)
        self.office.pupils[NEWCOMER] = NEW_ID
        group = s.group_id(NEW_GROUP)
        self.office.send("join-group", pupil=self.office.pupils[NEWCOMER], group=group, joined_on=CAME_ON)

    def _illness(self) -> None:
        """ANNA is ill for a week: the spare teacher comes, history once, they work alone, nothing."""
        chosen = []
        for one in [one for one in self.ledger.all() if one.journal.teacher == p.ANNA]:
            if not ILL_FROM <= one.day <= ILL_UNTIL:
                continue
            day, slot, ordinal = one.place
            lesson = {"journal": s.journal_id(one.journal), "day": day, "slot": slot, "ordinal": ordinal}
            match one.journal.group, one.day.weekday():
                case "10А", p.FRIDAY:
                    one.cancelled = True
                    chosen.append({**lesson, "kind": "cancel"})
                    continue
                case "10А", p.TUESDAY:
                    one.substitute, one.subject = p.VIKTOR, p.HISTORY
                    given = {"kind": "teacher", "subject": s.subject_id(p.HISTORY)}
                case "5А", p.THURSDAY:
                    one.substitute, one.alone = p.SPARE, True
                    given = {"kind": "self-study"}
                case _:
                    one.substitute, given = p.SPARE, {"kind": "teacher"}
            chosen.append({**lesson, **given, "teacher": s.staff_id(one.substitute)})
        self.office.send("substitute-teacher-bulk", absent_teacher=s.staff_id(p.ANNA), reason="Болезнь", lessons=chosen)

    def _cancel(self, one: Entry, reason: str) -> None:
        self.office.send("cancel-lesson", **self._identity(one), reason=reason)
        one.cancelled = True

    def _make_up(self) -> None:
        """The cancelled mathematics of the 10th class is made up on Saturday."""
        journal, day, slot = p.BY_KEY[f"{p.MATHS}, 10А"], date(2026, 1, 31), 3
        lost = {"day": ILL_UNTIL, "slot": 2}
        one = Entry(journal, (day, slot, 2), day, slot, extra=True, makes_up=ILL_UNTIL)
        self.office.send("plan-extra-lesson", **self._identity(one), reason="За отменённый урок", makes_up=lost)
        self.ledger.entries[journal.key][one.place] = one

    def _quarantine(self) -> None:
        for one in self.ledger.on(date(2026, 2, 5)):
            if p.class_of(one.journal.group) == "5А":
                self._cancel(one, "Карантин")

    def _transfer(self) -> None:
        """A Saturday is worked as the Monday that was lost."""
        known = self.office.ask("/production-calendar")
        assert known["years"], known
        holidays = [{"day": day, "title": "Выходной"} for day in (*p.HOLIDAYS, *p.HOLIDAYS_ON_SATURDAY)]
        transferred = [{"day": day, "cycle_day": weekday + 1} for day, weekday in p.TRANSFERRED.items()]
        self.office.send("define-holidays", HEAD, year=s.YEAR, holidays=holidays, transferred=transferred)

    def _hand_over(self) -> None:
        """BELLA gives a journal to the spare teacher."""
        journal = p.BY_KEY[p.HANDED_OVER]
        last = p.HANDED_OVER_ON - DAYS_AFTER
        self.office.send("unassign-teacher", journal=s.journal_id(journal), staff=s.staff_id(p.BELLA), ends=last)
        self.office.send(
            "assign-teacher",
            journal=s.journal_id(journal),
            staff=s.staff_id(p.SPARE),
            starts=p.HANDED_OVER_ON,
            hours_per_week=s.hours_per_week(journal),
        )
