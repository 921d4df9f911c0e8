"""What decisions ask before a year is closed: how much of it stands open, counted as far as the log is (G7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ejd.read.model import ReadModel
from ejd.store.contract import EventStore
from ejd_projections.school_catalogue import years
from ejd_projections.year_closing import open_points


class UnfinishedCount:
    """Counts in the reports; raises NotYetThereError while they are not as far as the log."""

    def __init__(self, store: EventStore, model: ReadModel) -> None:
        """Keep where to look."""
        self._store = store
        self._model = model

    def __call__(self, year: str) -> Mapping[str, int]:
        """Answer the counts by kind, kinds without any left out."""
        with self._model.snapshot(self._store.last_position()) as snapshot:
            c = snapshot.connection
            counts: Counter[str] = Counter()
            for found in years(c, ids=[year]):
                for one in open_points(c, found):
                    counts[one.kind] += one.count
        return counts
