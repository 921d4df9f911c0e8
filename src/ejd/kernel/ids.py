"""Names of streams that follow from what they are about; all other ids are random UUIDs given from outside."""

from datetime import date
from hashlib import sha1
from uuid import UUID, uuid5

NAMESPACE = UUID("5d3c1f7e-6a39-5e0b-9f7a-2a8f5d1c0e11")
_NAMESPACE_BYTES = NAMESPACE.bytes
SCHOOL = str(uuid5(NAMESPACE, "school"))
"""The school's own stream: one database schema or folder holds one school."""
SYSTEM = str(uuid5(NAMESPACE, "system"))
"""The account under which a new school is opened; it can do nothing once there is a school."""
OPERATOR = str(uuid5(NAMESPACE, "operator"))
"""The account of whoever keeps the machine: technical support, used by `ejd token`."""


def lesson_stream(journal: str, day: date, slot: int, ordinal: int = 1) -> str:
    """Answer the stream of a planned occurrence; it never changes, wherever the lesson is moved."""
    return named(_NAMESPACE_BYTES, f"lesson/{journal}/{day.isoformat()}/{slot}/{ordinal}")


def named(namespace: bytes, name: str) -> str:
    """Answer what `str(uuid5(…, name))` does in a third of its time: reports and exports name 80,000 lessons of a year.

    RFC 9562, 5.5: the first 16 bytes of SHA-1 of namespace and name, with the version and two bits of variant put in.
    """
    digest = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def day_stream(day: date) -> str:
    """Answer the list of changes of one day of the school."""
    return str(uuid5(NAMESPACE, f"day/{day.isoformat()}"))


def timetable_stream(year: str) -> str:
    """Answer the one timetable of a year."""
    return str(uuid5(NAMESPACE, f"timetable/{year}"))


def final_marks_stream(journal: str, period: str) -> str:
    """Answer the stream of a journal's final marks of one period."""
    return str(uuid5(NAMESPACE, f"final-marks/{journal}/{period}"))


def acknowledgements_stream(guardian: str, pupil: str) -> str:
    """Answer what one guardian acknowledged for one pupil."""
    return str(uuid5(NAMESPACE, f"acknowledgements/{guardian}/{pupil}"))


def consents_stream(person: str) -> str:
    """Answer what was said about the personal data of one person."""
    return str(uuid5(NAMESPACE, f"consents/{person}"))


def derived(command_id: str, noun: str) -> str:
    """Answer the id of what a command creates when the client gave none: the same for every repeat."""
    return str(uuid5(UUID(command_id), noun))


def canonical(value: str) -> str:
    """Answer a UUID's canonical text; ValueError when it is none."""
    return str(UUID(value))
