"""Signing in, out and on: with a password, with a one-time code from paper, and again before what demands it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from uuid import UUID

import msgspec

from ejd.access import codes, sessions
from ejd.access.passwords import Hasher, check_password
from ejd.handling.authentication import BROWSER, Authenticated
from ejd.handling.handler import Request, batch_id_of
from ejd.kernel.command import Actor, NotAllowed, NotAuthenticated, Refusal
from ejd.kernel.ids import SCHOOL
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.school import SchoolState
from ejd.signing.factors import Page
from ejd.store.outbox import to_owner
from ejd.store.signing_in import SessionRow
from ejd_commands.credentials import ChangePassword, IssueCode, UseCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ejd.access.secrets import RandomBytes
    from ejd.handling.authentication import Authentication
    from ejd.handling.handler import Handler
    from ejd.kernel.command import Command
    from ejd.signing.factors import Begin, SecondFactors
    from ejd.signing.guessing import Attempt, Guessing
    from ejd.store.outbox import Outbox
    from ejd.store.signing_in import SigningInTables

LOGIN_KEY = "login/"
PASSWORD = "password"  # noqa: S105 - the name of a factor
CODE = "code"
CODES_AT_ONCE_MAX = 100
"""More than a class has pupils and parents of one grade; a school is done class by class."""
FOREVER = 2**62


class SignInRefused(NotAuthenticated):
    """Login or password is wrong, or the account may not sign in."""


class CodeRefused(NotAuthenticated):
    """Login or code is wrong, or the code no longer counts."""


class PasswordWrong(NotAllowed):
    """The password of now is another one."""


class OnlyAtABrowser(NotAllowed):
    """This is done by who signed in with a password, not with a token."""


class TooManyCodes(Refusal):
    """More codes than are made at once."""


class Visitor(NamedTuple):
    """Who stands before the door: address, the secret of the device's cookie, what the browser says of itself.

    `page` is where the browser is.
    """

    address: str
    device: str = ""
    client: str = ""
    page: Page = Page("localhost", "https://localhost")


class Opened(NamedTuple):
    """A session that has begun; both secrets go to its owner's cookies and nowhere else."""

    row: SessionRow
    secret: str
    device: str

    def __repr__(self) -> str:
        """Leave the secrets out of logs and tracebacks."""
        return f"Opened({self.row.id})"


class Issued(NamedTuple):
    """A one-time code to print; `expires_at` in microseconds since 1970 UTC."""

    account: str
    login: str
    code_id: str
    code: str
    expires_at: int


@dataclass(frozen=True)
class Signing:
    """The door of one school; safe for threads and processes."""

    handler: Handler
    authentication: Authentication
    tables: SigningInTables
    outbox: Outbox
    guessing: Guessing
    hasher: Hasher
    clock: Callable[[], int]
    random_bytes: RandomBytes
    code_key: bytes
    factors: SecondFactors
    names_of: Callable[[str], Sequence[str]]
    """Answers the names of a person: a password is not made of them."""

    REFUSED: ClassVar[str] = "login or password is wrong: try again, or ask the office for a one-time code"
    CODE_REFUSED: ClassVar[str] = "login or code is wrong, or the code was used already: ask for a new one"

    def sign_in(self, login: str, password: str, visitor: Visitor) -> Opened | Begin:
        """Answer a new session, or what comes next when the account has a second factor.

        Raises SignInRefused, always the same and at the same cost, and TooManyTries.
        """
        account = self.account_of(login)
        attempt = self._attempt("password", login, account, visitor)
        state = self._state(account)
        kept = self._kept_hash(account, state)
        with _given_back_on_failure(attempt):
            matches = self.hasher.matches(kept, password)
        roles = self._roles(account, state)
        if not matches or not roles or kept is None or state is None or state.password is None:
            raise SignInRefused(self.REFUSED)
        attempt.succeeded()
        if self.hasher.is_old(kept):
            self.tables.put_password(account, state.password.credential, self.hasher.hash(password))
        if state.factors:
            return self.factors.ask(state, account, "sign-in", visitor.page)
        return self.open(state, visitor, (account, PASSWORD, state.generation))

    def use_code(self, login: str, code: str, password: str, visitor: Visitor) -> Opened | Begin:
        """Set a password with a one-time code and answer a new session, or what comes next; every other one ends.

        Raises CodeRefused, always the same, TooManyTries, and what `check_password` raises: then the code still counts.
        """
        account = self.account_of(login)
        attempt = self._attempt(CODE, login, account, visitor)
        state = self._state(account)
        code_id = self._code_given(account, state, code)
        if state is None or code_id is None or not self._roles(account, state):
            raise CodeRefused(self.CODE_REFUSED)
        attempt.succeeded()
        self._check(state, password)
        session = sessions.new_session_id(self.random_bytes)
        credential = self._keep(account, password)
        command = UseCode(account=account, code=code_id, credential=credential)
        generation = self.send(command, Actor(account, session, BROWSER))
        self.tables.drop_passwords(account, credential)
        self.tables.drop_codes(account, FOREVER)
        self.tables.end_other_sessions(account)
        self.tables.forget_devices(account)
        state = self.state_of(account)
        if state.factors:
            return self.factors.ask(state, account, "sign-in", visitor.page)
        return self.open(state, visitor, (account, CODE, generation), session)

    def change_password(self, who: Authenticated, current: str, password: str, visitor: Visitor) -> Opened:
        """Set another password and answer the session under a new secret; every other one ends.

        Raises OnlyAtABrowser, PasswordWrong, TooManyTries and what `check_password` raises.
        """
        row = self.prove(who, current)
        account = row.account
        state = self.state_of(account)
        self._check(state, password)
        credential = self._keep(account, password)
        replaces = state.password.credential if state.password is not None else ""
        command = ChangePassword(account=account, credential=credential, replaces=replaces)
        generation = self.send(command, who.actor)
        self.tables.drop_passwords(account, credential)
        self.tables.end_other_sessions(account, row.id)
        return self.open(state, visitor, (account, row.factors, generation), row.id, began=row)

    def step_up(self, who: Authenticated, password: str, visitor: Visitor) -> Opened | Begin:
        """Answer the session under a new secret, authenticated now, or what comes next; raises as `change_password`."""
        row = self.prove(who, password)
        state = self.state_of(row.account)
        if state.factors:
            return self.factors.ask(state, row.account, "step-up", visitor.page, row.id)
        return self.open(state, visitor, (row.account, row.factors, row.generation), row.id, began=row)

    def sign_out(self, who: Authenticated) -> None:
        """End the session of whoever asks; a token ends with revoke-token."""
        self.tables.end_session(who.actor.account, self.session_of(who).id)

    def sessions_of(self, who: Authenticated) -> list[SessionRow]:
        """Answer the sessions of whoever asks that have not ended by time or by what happened to the account."""
        now, ends = self.clock(), sessions.ends_of(who.roles)
        generation = self.state_of(who.actor.account).generation
        return [
            row
            for row in self.tables.sessions_of(who.actor.account)
            if row.generation == generation and now < row.created_at + ends.absolute and now < row.seen_at + ends.idle
        ]

    def end_others(self, who: Authenticated) -> int:
        """End all sessions of whoever asks but the one that asks, and answer how many there were."""
        return self.tables.end_other_sessions(who.actor.account, who.actor.session)

    def issue_codes(
        self, actor: Actor, accounts: Iterable[str], *, days: int, starts_over: bool = False
    ) -> list[Issued]:
        """Make a one-time code for each account, all or none; raises what the command issue-code raises.

        With `starts_over` the owner has no second factor any more once the code is used. Each code is answered once:
        only its digest is kept.
        """
        wanted = list(dict.fromkeys(accounts))
        if not 0 < len(wanted) <= CODES_AT_ONCE_MAX:
            msg = f"name between 1 and {CODES_AT_ONCE_MAX} accounts, or a class with as many"
            raise TooManyCodes(msg, field="accounts")
        ends = datetime.fromtimestamp(self.clock() // 1_000_000, UTC) + timedelta(days=days)
        made = {account: codes.new_code(self.random_bytes) for account in wanted}
        requests = [
            Request(
                IssueCode(account=account, code=one.code_id, expires_at=ends, starts_over=starts_over), self.new_id()
            )
            for account, one in made.items()
        ]
        expires_at = int(ends.timestamp()) * 1_000_000
        for account, one in made.items():
            self.tables.drop_codes(account, self.clock())
            digest = codes.digest_code(self.code_key, account, one.text)
            self.tables.put_code(account, one.code_id, digest, expires_at)
        ids = [one.command_id for one in requests]
        self.handler.handle(requests, actor, batch_id=batch_id_of(ids) if len(ids) > 1 else "")
        states = self.handler.states.load_many(AccountState, wanted)
        logins = {account: state.opened.login for account, state in states.items() if state.opened is not None}
        return [Issued(account, logins[account], one.code_id, one.text, expires_at) for account, one in made.items()]

    # What they share

    def account_of(self, login: str) -> str:
        """Answer the account of a login as somebody typed it, "" when there is none."""
        key = unicodedata.normalize("NFC", login).strip().casefold()
        return self.handler.store.owner_of(LOGIN_KEY + key) or ""

    def _attempt(self, what: str, login: str, account: str, visitor: Visitor) -> Attempt:
        device = sessions.digest_secret(visitor.device)
        accounts = self.tables.accounts_of_device(device) if device else set()
        whose = [what, unicodedata.normalize("NFC", login).strip().casefold()]
        if account and account in accounts:
            whose.append(device)
        return self.guessing.attempt(*whose, device=device if accounts else "", address=visitor.address)

    def _state(self, account: str) -> AccountState | None:
        return self.state_of(account) if account else None

    def state_of(self, account: str) -> AccountState:
        """Answer an account as it is now."""
        return self.handler.states.fresh(AccountState, account)

    def _kept_hash(self, account: str, state: AccountState | None) -> str | None:
        if state is None or state.password is None:
            return None
        return self.tables.password(account, state.password.credential)

    def _roles(self, account: str, state: AccountState | None) -> frozenset[str]:
        """Answer the roles of a person who may sign in, none for anybody else."""
        if state is None or state.opened is None or state.opened.kind != "person" or state.locked:
            return frozenset()
        return self.authentication.roles_of(account, self.clock())

    def _code_given(self, account: str, state: AccountState | None, code: str) -> str | None:
        for code_id, expires_at in state.codes.items() if state is not None else ():
            kept = self.tables.code(account, code_id)
            if kept and expires_at > self.clock() and codes.is_code_of(kept, self.code_key, account, code):
                return code_id
        return None

    def _check(self, state: AccountState, password: str) -> None:
        opened = state.opened
        assert opened is not None  # noqa: S101 - whoever comes here has an account
        names = self.names_of(opened.person) if opened.person else ()
        school = self.handler.states.load(SchoolState, SCHOOL).name
        check_password(password, [school, opened.login, *names], second_factor=bool(state.factors))

    def _keep(self, account: str, password: str) -> str:
        credential = self.new_id()
        self.tables.put_password(account, credential, self.hasher.hash(password))
        return credential

    def session_of(self, who: Authenticated) -> SessionRow:
        """Answer the session of whoever asks; raises OnlyAtABrowser."""
        if who.session is None:
            raise OnlyAtABrowser("sign in with a password for this: a token cannot do it")
        return who.session

    def prove(self, who: Authenticated, password: str) -> SessionRow:
        """Answer the session when its owner shows the password of now."""
        row = self.session_of(who)
        attempt = self.guessing.attempt("proof", row.account)
        state = self.state_of(row.account)
        if not self.hasher.matches(self._kept_hash(row.account, state), password):
            raise PasswordWrong("this is not your password of now: try again", field="current")
        attempt.succeeded()
        return row

    def send(self, command: Command, actor: Actor) -> int:
        """Have the password's event stored and answer its version: the generation of the sessions that begin with it.

        The newest generation may be another one: of a lock that came right after.
        """
        answer = self.handler.handle([Request(command, self.new_id())], actor)
        return answer.events[-1].version

    def open(
        self,
        state: AccountState,
        visitor: Visitor,
        of: tuple[str, str, int],
        session: str = "",
        *,
        began: SessionRow | None = None,
    ) -> Opened:
        """Begin a session, or go on with one that `began`, under a secret that nobody had before.

        `of` is the account, the factors that were shown, and the generation of the credentials.
        """
        now, (account, factors, generation) = self.clock(), of
        secret, device = sessions.new_secret(self.random_bytes), visitor.device
        accounts = self.tables.accounts_of_device(sessions.digest_secret(device)) if device else set()
        if not accounts:
            device = sessions.new_secret(self.random_bytes)
        is_new = account not in accounts and self.tables.has_devices(account)
        row = SessionRow(
            id=session or sessions.new_session_id(self.random_bytes),
            account=account,
            generation=generation,
            created_at=began.created_at if began is not None else now,
            seen_at=now,
            authenticated_at=now,
            factors=factors,
            client=sessions.described(visitor.client),
            new_device=began.new_device if began is not None else is_new,
        )
        self.tables.know_device(sessions.digest_secret(device), account, now)
        self.tables.open_session(sessions.digest_secret(secret), row)
        if began is None:
            self._after_sign_in(row, state, now)
        return Opened(row, secret, device)

    def _after_sign_in(self, row: SessionRow, state: AccountState, now: int) -> None:
        self.tables.end_old_sessions(row.account, sessions.SESSIONS_MAX)
        self.tables.forget_before(
            now - sessions.ABSOLUTE_MAX, now - sessions.DEVICE_MICROSECONDS_MAX, now - 2 * sessions.DAY
        )
        if row.new_device:
            person = state.opened.person if state.opened is not None else ""
            about = msgspec.json.encode({"account": row.account, "session": row.id, "at": now}).decode()
            self.outbox.put([to_owner(f"new-device/{row.id}", "new-device", person or row.account, about)], now)

    def new_id(self) -> str:
        """Answer a random id."""
        return str(UUID(bytes=self.random_bytes(16), version=4))


@contextmanager
def _given_back_on_failure(attempt: Attempt) -> Iterator[None]:
    """Count no try of who could not be answered."""
    try:
        yield
    except BaseException:
        attempt.given_back()
        raise
