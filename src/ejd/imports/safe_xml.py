"""XML from strangers, within named limits: no document type or entities, nothing fetched, huge or deep."""

import stat
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder

from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import ParseError, XMLParser

# From the standard library only the tree comes, never its parser.
__all__ = [
    "DEPTH_MAX",
    "ELEMENTS_MAX",
    "FILE_BYTES_MAX",
    "RUN_BYTES_MAX",
    "SHOWN_CHARACTERS_MAX",
    "Element",
    "ImportRefused",
    "child_text",
    "parse_xml",
    "read_limited",
    "shown",
    "texts",
]

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""The largest real timetable we know of is 2.6 MB, so this leaves room for a school system of twenty times
that size."""
DEPTH_MAX: Final = 64
"""FET nests six elements deep, XHSTT nine."""
ELEMENTS_MAX: Final = 2_000_000
"""What `FILE_BYTES_MAX` could hold of the shortest elements would need gigabytes as a tree."""
RUN_BYTES_MAX: Final = 1024 * 1024
"""The longest stretch without a `<`, and so the longest start tag: a parser holds all attributes of one tag at once."""
SHOWN_CHARACTERS_MAX: Final = 60
"""How much of a file's own text a refusal repeats."""

_BYTES_PER_MEBIBYTE: Final = 1024 * 1024
_BEFORE_XML: Final = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
"""Byte order marks, the empty half of UTF-16 characters, and blanks."""


class ImportRefused(Exception):
    """One sentence that says what is wrong with the file and what to do about it."""


class _LimitedTreeBuilder(TreeBuilder):
    """Counts while it builds, so that a hostile file is dropped at the first element too many."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > DEPTH_MAX:
            raise ImportRefused(
                f"The file nests more than {DEPTH_MAX} elements inside each other, which no timetable does:"
                " export it again from the program that made it."
            )
        if self._elements > ELEMENTS_MAX:
            raise ImportRefused(
                f"The file has more than {ELEMENTS_MAX} elements, which is more than one school can need:"
                " export one school at a time."
            )
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def read_limited(path: Path) -> bytes:
    """Return a regular file's bytes, at most `FILE_BYTES_MAX`; its size is known before it is read."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ImportRefused(f"{shown(str(path))} is not a file: give the path of a file.")
        _refuse_too_large(found.st_size)
        with path.open("rb") as stream:
            # One byte more than allowed shows a file that grew after it was measured.
            content = stream.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise ImportRefused(f"There is no file {shown(str(path))}: check the path.") from None
    except (OSError, ValueError):
        raise ImportRefused(f"The file {shown(str(path))} cannot be read: check its path and permissions.") from None
    _refuse_too_large(len(content))
    return content


def parse_xml(content: bytes, *, root: str, made_by: str) -> Element:
    """Return the outermost element, called `root`; `made_by` names the program for the refusals.

    Every encoding that expat knows is understood (UTF-8 with or without a byte order mark, UTF-16,
    windows-1251 …).
    """
    _refuse_too_large(len(content))
    if not content.strip():
        raise ImportRefused(f"The file is empty: export it again from {made_by}.")
    if not content.lstrip(_BEFORE_XML).startswith(b"<"):
        raise ImportRefused(f"The file is not XML at all: choose a file that {made_by} has written.")
    _refuse_long_runs(content)
    parser = XMLParser(target=_LimitedTreeBuilder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(content)
        element = parser.close()
    except DTDForbidden:
        raise ImportRefused(
            "The file declares a document type (<!DOCTYPE …>), which can hide an attack:"
            f" remove that declaration or export the file again from {made_by}."
        ) from None
    except DefusedXmlException:
        raise ImportRefused(
            f"The file declares entities, which can hide an attack: export it again from {made_by}."
        ) from None
    except ParseError as error:
        raise ImportRefused(_malformed(error, made_by)) from None
    except (ValueError, LookupError):
        # What expat cannot decode it asks of Python's codecs, and those have errors of their own.
        raise ImportRefused(
            f"The file's XML names an encoding that cannot be read: export it from {made_by} as UTF-8."
        ) from None
    if element.tag != root:
        found = shown(element.tag)
        raise ImportRefused(
            f"The outermost element is <{found}> and not <{root}>: choose a file that {made_by} has written."
        )
    return element


def shown(text: str) -> str:
    """Return a file's text as a refusal may repeat it: one line of at most `SHOWN_CHARACTERS_MAX`."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS_MAX else line[: SHOWN_CHARACTERS_MAX - 1] + "…"


def child_text(element: Element, tag: str) -> str:
    """Return the first such child's text, trimmed; a missing and an empty child are both ''."""
    return (element.findtext(tag) or "").strip()


def texts(element: Element, path: str) -> tuple[str, ...]:
    """Return the texts of all elements on `path`, in the file's order, each once, without the empty ones."""
    found = ((each.text or "").strip() for each in element.findall(path))
    return tuple(dict.fromkeys(text for text in found if text))


def _refuse_too_large(size_bytes: int) -> None:
    if size_bytes > FILE_BYTES_MAX:
        raise ImportRefused(
            f"The file has {size_bytes // _BYTES_PER_MEBIBYTE} MiB and at most"
            f" {FILE_BYTES_MAX // _BYTES_PER_MEBIBYTE} MiB are read: export one school at a time."
        )


def _refuse_long_runs(content: bytes) -> None:
    """Step from `<` to the last `<` within reach: two steps go on by `RUN_BYTES_MAX`, however the file is made."""
    place = content.find(b"<")
    while place + 1 + RUN_BYTES_MAX < len(content):
        place = content.rfind(b"<", place + 1, place + 2 + RUN_BYTES_MAX)
        if place < 0:
            raise ImportRefused(
                f"The file goes on for more than {RUN_BYTES_MAX // _BYTES_PER_MEBIBYTE} MiB inside one tag or text,"
                " which no timetable does: export it again from the program that made it."
            )


def _malformed(error: ParseError, made_by: str) -> str:
    line, column = error.position

    return (
        f"The file is broken: at line {line}, column {column + 1} it stops being well-formed XML:"
        f" export it again from {made_by}."
    )
