"""Final marks: one stream per journal and period (a grading period's code, or year, exam, overall)."""

from typing import ClassVar

import msgspec

from ejd.kernel.envelope import Ref
from ejd.kernel.event import Event
from ejd.kernel.sealed import Sealed


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a final mark was decided on: the marks (stored events), the weighted sum and the sum of weights.

    `weighted_sum` / `weight_sum` is the average in hundredths of a level times weight hundredths; exact integers.
    """

    marks: tuple[Ref, ...] = ()
    weighted_sum: int = 0
    weight_sum: int = 0
    lessons_held: int = 0
    lessons_missed: int = 0
    proposed: str = ""


class FinalMarkEvent(Event, frozen=True, kw_only=True):
    """Base of the events of final marks; never stored itself."""

    journal: str
    period: str
    pupil: str


class FinalMarkDecided(FinalMarkEvent, frozen=True, kw_only=True):
    """The teacher's decision with the basis it was made on (A6)."""

    stored_name: ClassVar[str] = "final-mark-decided/1"
    value: str
    basis: Basis


class FinalMarkCorrected(FinalMarkEvent, frozen=True, kw_only=True):
    """The final mark was wrong."""

    stored_name: ClassVar[str] = "final-mark-corrected/1"
    old_value: str
    new_value: str
    basis: Basis
    reason: Sealed


class FinalMarkWithdrawn(FinalMarkEvent, frozen=True, kw_only=True):
    """There should be no final mark."""

    stored_name: ClassVar[str] = "final-mark-withdrawn/1"
    old_value: str
    reason: Sealed
