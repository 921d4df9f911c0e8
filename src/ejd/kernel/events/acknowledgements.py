"""What a guardian confirmed having read (E4): one stream per guardian and pupil."""

from datetime import date
from typing import ClassVar, Literal

from ejd.kernel.event import Event

Channel = Literal["web", "api", "paper"]


class AcknowledgementEvent(Event, frozen=True, kw_only=True):
    """Base of the acknowledgements; never stored itself. `channel` paper: registered by the school from a signature."""

    guardian: str
    pupil: str
    channel: Channel


class DiaryAcknowledged(AcknowledgementEvent, frozen=True, kw_only=True):
    """The week's diary that begins on this Monday was read, as it stood at `seen_position`."""

    stored_name: ClassVar[str] = "diary-acknowledged/1"
    week: date
    seen_position: int


class PeriodMarksAcknowledged(AcknowledgementEvent, frozen=True, kw_only=True):
    """A period's marks were read, as they stood at `seen_position`."""

    stored_name: ClassVar[str] = "period-marks-acknowledged/1"
    year: str
    period: str
    seen_position: int


class RecommendationAcknowledged(AcknowledgementEvent, frozen=True, kw_only=True):
    """One recommendation was read: the lesson's stream and the version of the event."""

    stored_name: ClassVar[str] = "recommendation-acknowledged/1"
    lesson: str
    version: int
