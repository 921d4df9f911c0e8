"""A folder, a zip or single files become named bytes: never more than they say, never outside their names."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ejd.imports.safe_xml import FILE_BYTES_MAX, ImportRefused, read_limited, shown

__all__ = ["UNPACKED_BYTES_MAX", "digest_of", "open_zip", "read_paths", "unpacked"]

MEMBERS_MAX: Final = 100
"""OneRoster 1.2 has eighteen files, a workbook of many sheets some fifty parts."""
UNPACKED_BYTES_MAX: Final = 256 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


def read_paths(paths: Sequence[Path]) -> dict[str, bytes]:
    """Answer files by name; a folder stands for the CSV files in it. Raises ImportRefused."""
    found: dict[str, bytes] = {}
    for path in paths:
        for each in sorted(path.glob("*.csv"))[: MEMBERS_MAX + 1] if path.is_dir() else (path,):
            if each.name in found:
                raise ImportRefused(f"There are two files called {shown(each.name)}: rename one of them.")
            found[each.name] = read_limited(each)
        if len(found) > MEMBERS_MAX or sum(map(len, found.values())) > UNPACKED_BYTES_MAX:
            raise ImportRefused(f"These are more than {MEMBERS_MAX} files or {_mebibytes()} MiB: give one school.")
    if not found:
        raise ImportRefused("There are no CSV files in the folder: choose the folder with the files themselves.")
    return found


def digest_of(files: Mapping[str, bytes]) -> str:
    """Answer the SHA-256 of one file, or of the names and digests of several."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256(
        "\n".join(f"{digest}  {name}" for name, digest in sorted(digests.items())).encode()
    ).hexdigest()


def open_zip(content: bytes, file: str) -> zipfile.ZipFile:
    """Answer a zip within its limits by what it says of itself; `unpacked` holds it to that. Raises ImportRefused."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
        members = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        raise ImportRefused(f"The file {shown(file)} is no whole zip: export it again.") from None
    if len(members) > MEMBERS_MAX * 10 or sum(each.file_size for each in members) > UNPACKED_BYTES_MAX:
        raise ImportRefused(
            f"The file {shown(file)} unpacks to more than {_mebibytes()} MiB, or too many files: export one school."
        )
    return packed


def unpacked(packed: zipfile.ZipFile, member: zipfile.ZipInfo, file: str) -> bytes:
    """Answer one member; raises ImportRefused for one that is longer than it says, encrypted or broken."""
    parts: list[bytes] = []
    size = 0
    try:
        with packed.open(member) as stream:
            while part := stream.read(_CHUNK):
                size += len(part)
                if size > min(UNPACKED_BYTES_MAX, member.file_size):
                    raise ImportRefused(f"The file {shown(file)} unpacks to more than it says: it may be an attack.")
                parts.append(part)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        raise ImportRefused(
            f"The file {shown(member.filename)} in {shown(file)} is broken or locked with a password: export it again."
        ) from None
    return b"".join(parts)


def csv_members(content: bytes, file: str) -> dict[str, bytes]:
    """Answer the CSV files of a zip by their names without folders; raises ImportRefused."""
    found: dict[str, bytes] = {}
    with open_zip(content, file) as packed:
        for member in packed.infolist():
            name = PurePosixPath(member.filename.replace("\\", "/")).name
            if member.is_dir() or not name.lower().endswith(".csv") or member.filename.startswith("__MACOSX/"):
                continue
            if name in found or len(found) == MEMBERS_MAX:
                raise ImportRefused(
                    f"The zip has two files called {shown(name)}, or too many: pack one school's files."
                )
            found[name] = unpacked(packed, member, file)
    if not found:
        raise ImportRefused(f"The zip {shown(file)} has no CSV files: choose the zip of the roster.")
    return found


def _mebibytes() -> int:
    return UNPACKED_BYTES_MAX // 2**20


assert FILE_BYTES_MAX <= UNPACKED_BYTES_MAX  # noqa: S101 - a file that may be read may be unpacked
