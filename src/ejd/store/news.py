"""Waking those who wait for events: in this process by a condition, elsewhere by what the adapter can see."""

from __future__ import annotations

import threading


class News:
    """The last position this process knows of; whoever waits is woken when it rises."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._condition = threading.Condition()
        self._position = 0
        self.closed = False

    def announce(self, position: int) -> None:
        """Wake everybody who waits for a position below this one."""
        with self._condition:
            if position > self._position:
                self._position = position
                self._condition.notify_all()

    def wait(self, after: int, seconds: float) -> bool:
        """Answer at once when something above `after` is known; else wait; False when time is over or it closed."""
        with self._condition:
            if self._position <= after and not self.closed:
                self._condition.wait(seconds)
            return self._position > after

    def close(self) -> None:
        """Let everybody go."""
        with self._condition:
            self.closed = True
            self._condition.notify_all()
