"""The one feeder of a school: events become rows of the live generation as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from ejd.kernel.sealed import TamperedError
from ejd.read.contract import GenerationGoneError, Lease, MovedError, NoGenerationError, Writer
from ejd.read.model import ReadModel
from ejd.read.writing import Feed, refold, transaction

IDLE_SECONDS_MAX = 0.5
"""How long the feeder sleeps without news before it looks at the pointer and at `stop` again."""

ELECTION_SECONDS = 0.5
"""How often a feeder that was not elected asks again: another process may have died."""

AGAIN_SECONDS = 0.02
"""Pause after a switch, or another feeder's page, came between."""

RETRY_SECONDS = 1.0
"""Pause after an error: a database that is away, a fold that fails."""

STOP_SECONDS_MAX = 30.0
CLEAN_EVERY_LOOPS = 20
"""Old generations are dropped when nobody reads them; we try now and then."""


def unheard(_error: Exception) -> None:
    """Tell nobody."""


class Feeder:
    """Feeds the live generation while it holds the school's feeder lease; one thread at a time uses it.

    Any thread may look at `position`, `last_position`, `leading`, `errors`, `last_error` and `damage`: what of an
    event was tampered with, while that holds the reports up. While many streams are folded again after an
    invalidation, `refolded` of `refolding` are done; both are 0 otherwise.
    """

    def __init__(self, model: ReadModel, feed: Feed) -> None:
        """Nothing is opened yet."""
        self.position = 0
        self.last_position = 0
        self.leading = False
        self.errors = 0
        self.last_error: str | None = None
        self.damage: str | None = None
        self.refolded = 0
        self.refolding = 0
        self._model = model
        self.feed = feed
        self._lease: Lease | None = None
        self._writer: Writer | None = None
        self._old_generations = True
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lag(self) -> int:
        """How far the reports are behind the store, in positions."""
        return max(self.last_position - self.position, 0)

    def run_once(self) -> int:
        """Feed at most one page and answer its number of events; 0 also when another process leads.

        Raises NoGenerationError before the first build; after any error the next call begins anew.
        """
        try:
            return self._run_once()
        except BaseException:
            self._give_up()
            raise

    def run_to_end(self) -> int:
        """Feed until there is nothing new, and answer the number of events."""
        count = 0
        while fed := self.run_once():
            count += fed
        return count

    def refold(self, streams: Sequence[str]) -> None:
        """Fold streams again at the present position: after a key was destroyed, say.

        Raises MovedError when this feeder does not lead: ask the one that does.
        """
        writer = self._lead()
        if writer is None:
            raise MovedError
        try:
            with transaction(writer) as position:
                refold(self.feed.folding, self.feed.source, writer, streams, upto=position, progress=self._progress)
            self._progress(0, 0)
        except BaseException:
            self._give_up()
            raise

    def start(self, report: Callable[[Exception], None] = unheard) -> None:
        """Feed in a thread until `stop`; `report` hears of an error once, however often it comes again."""
        self._stopping.clear()
        self._thread = threading.Thread(target=partial(self._run, report), name="feeder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its page, and give the lease back."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS_MAX)
            self._thread = None
        self._give_up()

    def _run(self, report: Callable[[Exception], None]) -> None:
        loops = 0
        while not self._stopping.is_set():
            try:
                fed = self.run_once()
                self.last_error = self.damage = None
            except (MovedError, GenerationGoneError):
                self._stopping.wait(AGAIN_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the feeder reports it and goes on
                self.errors += 1
                self.damage = str(error) if isinstance(error, TamperedError) else None
                before, self.last_error = self.last_error, f"{type(error).__name__}: {error}"
                if self.last_error != before:
                    report(error)
                self._stopping.wait(RETRY_SECONDS)
                continue
            if not self.leading:
                self._stopping.wait(ELECTION_SECONDS)
            elif not fed:
                if self._old_generations and loops % CLEAN_EVERY_LOOPS == 0:
                    self._old_generations = not self._model.drop_old()
                loops += 1
                self.feed.source.wait_for_news(self.position, IDLE_SECONDS_MAX)

    def _run_once(self) -> int:
        writer = self._lead()
        if writer is None:
            return 0
        self.last_position = self.feed.source.last_position()
        fed, self.position = self.feed.bring(writer, after=self.position, live=True, progress=self._progress)
        self._progress(0, 0)
        self.last_position = max(self.last_position, self.position)
        if fed:
            self._model.notify()
        return fed

    def _lead(self) -> Writer | None:
        """Answer a writer of the live generation if the lease is ours or free."""
        if self._lease is None:
            self._lease = self._model.place.lease("feeder")
        self.leading = self._lease is not None
        if not self.leading:
            return None
        live = self._model.live() if self._writer is None else self._writer.live()
        if live is None:
            raise NoGenerationError("nothing was built yet: run `ejd rebuild`")
        if self._writer is None or self._writer.generation != live:
            if self._writer is not None:
                self._writer.close()
            self._writer = self._model.place.writer(live)
            self._old_generations = True
            with transaction(self._writer) as position:
                self.position = position
        return self._writer

    def _progress(self, done: int, total: int) -> None:
        self.refolded, self.refolding = done, total

    def _give_up(self) -> None:
        self._progress(0, 0)
        writer, self._writer = self._writer, None
        lease, self._lease = self._lease, None
        self.leading = False
        if writer is not None:
            writer.close()
        if lease is not None:
            lease.close()
