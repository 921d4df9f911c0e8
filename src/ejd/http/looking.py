"""Notes who looked at whom before an answer leaves: whatever names a person, by id, in any question's answer."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import ClassVar

import msgspec
from fastapi import Request, Response

from ejd.access.reading import READERS
from ejd.handling.authentication import Authenticated
from ejd.http.contract import SchoolService
from ejd.http.notes import notes_of
from ejd.http.problems import Malformed
from ejd.kernel.calendar import local_day
from ejd.kernel.command import Refusal
from ejd.kernel.looks import DAY, LOGGED, MICROSECONDS, Quota, passed, quotas
from ejd.store.looks import Look
from ejd.store.outbox import to_staff
from ejd_projections.people import pupils_of
from ejd_projections.readiness import holders_of_role
from ejd_projections.school_catalogue import school as school_of

KIND = "mass-reading"
REASON = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./#-]{0,99}", re.ASCII)
"""A number of a case or an order, a code: no words about anybody."""
ID_CHARACTERS = 36
IDS = re.compile(rb'"([0-9a-f-]{36})"')
"""A string of JSON that is as long as an id and may be one."""
ASKED_CHARACTERS_MAX = 1_000
RESEED_MICROSECONDS = 60 * MICROSECONDS
"""How long a process counts on before it looks again at what others let an account see."""
ACCOUNTS_MAX = 5_000
PARTS_TO_WAIT = 6
"""Of a window: ten minutes of an hour, four hours of a day."""
OK, NOT_MODIFIED = 200, 304


class TooManyPeople(Refusal):
    """The account has looked at more people than the school lets one account look at."""

    status: ClassVar[int] = 429

    def __init__(self, quota: Quota, count: int) -> None:
        """Say how many it were, and how many it may be."""
        super().__init__(
            f"this account has looked at {count} people within the last {quota.name}, more than {quota.people}: go on"
            " later, or ask the head, who was told"
        )
        self.retry_after_seconds = quota.window // MICROSECONDS // PARTS_TO_WAIT


class Counted:
    """Whom each account looked at in the last day; safe for threads."""

    def __init__(self) -> None:
        """Nobody looked at anybody."""
        self._accounts: dict[str, tuple[int, dict[str, int]]] = {}
        self._lock = threading.Lock()

    def fresh(self, account: str, now: int) -> dict[str, int] | None:
        """Answer whom an account looked at, or None when it is time to ask the log."""
        with self._lock:
            since, seen = self._accounts.get(account, (0, {}))
            return dict(seen) if now - since < RESEED_MICROSECONDS else None

    def keep(self, account: str, seeded: int | None, seen: dict[str, int]) -> None:
        """Keep what was counted; `seeded` is when it came from the log, None: it goes on from there."""
        with self._lock:
            if len(self._accounts) > ACCOUNTS_MAX:
                self._accounts.clear()
            since = self._accounts.get(account, (0, {}))[0] if seeded is None else seeded
            self._accounts[account] = (since, seen)


class Looking:
    """One for each application."""

    def __init__(self, school: SchoolService) -> None:
        """Begin to count."""
        self._school = school
        self._counted = Counted()

    def note(self, question: str, request: Request, response: Response, who: Authenticated) -> None:
        """Write down whom the answer names; when it cannot be written, nothing is answered.

        Raises TooManyPeople where the school refuses mass reading, StoreError when the database is away.
        """
        reason = reason_of(request)
        if question not in READERS or LOGGED.isdisjoint(who.roles):
            return
        if response.status_code not in {OK, NOT_MODIFIED}:
            return
        kinds = self._named(request, response)
        people = set(kinds) - {who.person}
        if not people:
            return
        now = self._school.clock()
        strangers = {one for one in people if kinds[one] != "staff"}
        if strangers:
            people -= self._own_children(who, now) if "parent" in who.roles else set()
            self._count(who, strangers & people, now, refused=request.method == "GET")
        roles = ",".join(sorted(who.roles))
        look = Look(now, who.actor.account, who.person, roles, who.actor.session, question, asked_of(request), reason)
        if people:
            self._school.looks.put(look, people)

    def _named(self, request: Request, response: Response) -> dict[str, str]:
        """Answer by id the kinds of the people whom the answer, or the question, names."""
        told: Iterable[bytes] = notes_of(request.scope).told or [bytes(getattr(response, "body", b""))]
        ids = {one.decode() for text in told for one in IDS.findall(text)}
        asked = {value.lower() for value in parameters(request).values() if len(value) == ID_CHARACTERS}
        return self._school.looks.kinds_of(ids | asked)

    def _own_children(self, who: Authenticated, now: int) -> set[str]:
        with self._school.read.snapshot() as snapshot:
            opened = school_of(snapshot.connection)
            day = local_day(now, opened.timezone if opened else "UTC").isoformat()
            return set(pupils_of(snapshot.connection, guardian=who.person, day=day))

    def _count(self, who: Authenticated, people: set[str], now: int, *, refused: bool) -> None:
        account, settings = who.actor.account, self._school.settings
        seen, seeded = self._counted.fresh(account, now), None
        if seen is None:
            looked_at = self._school.looks.looked_at(account, now - DAY)
            kinds = self._school.looks.kinds_of(looked_at)
            seen = {one: at for one, at in looked_at.items() if kinds.get(one) != "staff"}
            seeded = now
        seen.update(dict.fromkeys(people, now))
        limits = quotas(who.roles, hour_max=settings.looks_hour_max, day_max=settings.looks_day_max)
        if len(seen) > min(one.people for one in limits):
            for quota in limits:
                count = passed(quota, seen.values(), now)
                if count:
                    self._alarm(who, quota, count, now)
                    if refused and settings.looks_refused:
                        raise TooManyPeople(quota, count)
        self._counted.keep(account, seeded, seen)

    def _alarm(self, who: Authenticated, quota: Quota, count: int, now: int) -> None:
        """Tell the head and the deputy heads, once for each account and window."""
        about = {"account": who.actor.account, "window": quota.name, "people": count, "limit": quota.people}
        with self._school.read.snapshot() as snapshot:
            c = snapshot.connection
            opened = school_of(c)
            day = local_day(now, opened.timezone if opened else "UTC").isoformat()
            told = {one for role in ("head", "deputy-head") for one in holders_of_role(c, role, day)} - {who.person}
        text = msgspec.json.encode(about).decode()
        begins = now // quota.window
        key = f"{KIND}/{who.actor.account}/{quota.name}/{begins}"
        self._school.outbox.put([to_staff(f"{key}/{one}", KIND, one, text) for one in sorted(told)], now)


def reason_of(request: Request) -> str:
    """Answer the code in `X-Reason`, "" without one; raises Malformed for words."""
    reason = request.headers.get("x-reason", "").strip()
    if reason and not REASON.fullmatch(reason):
        msg = "give the number of the case or order, with Latin letters, digits and . / # - only, and no names"
        raise Malformed(msg, field="X-Reason")
    return reason


def parameters(request: Request) -> dict[str, str]:
    """Answer what stands in the path and behind the question mark."""
    return {**request.path_params, **request.query_params}


def asked_of(request: Request) -> str:
    """Answer the parameters as JSON: they were checked, so that they are ids, codes, days and numbers."""
    text = msgspec.json.encode(dict(sorted(parameters(request).items()))).decode()
    return text if len(text) <= ASKED_CHARACTERS_MAX else "{}"
