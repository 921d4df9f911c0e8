"""The sealer of a rehearsal, which seals nothing."""

from ejd.kernel.envelope import Ref
from ejd.kernel.sealed import Sealed

__all__ = ["NoSeal"]


class NoSeal:
    """Stands in for the vault, which would make a key for each person; notes whose keys are needed."""

    def __init__(self) -> None:
        self.person = ""

    def seal(self, person: str, text: str, *, field: str, at: Ref) -> Sealed:  # noqa: ARG002 - one signature for all sealers
        """Return an empty box."""
        self.person = person
        return Sealed(person, b"")
