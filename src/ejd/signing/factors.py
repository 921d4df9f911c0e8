"""Second factors: codes of an app (TOTP, RFC 6238), keys of a device (WebAuthn), recovery codes on paper."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyotp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

from ejd.access import codes
from ejd.access.sessions import MINUTE, digest_secret, new_secret
from ejd.kernel.command import NotAllowed, NotAuthenticated
from ejd.store.factors import FactorRow, Ticket

if TYPE_CHECKING:
    from ejd.access.secrets import RandomBytes
    from ejd.kernel.states.access import AccountState
    from ejd.store.factors import Begun, FactorTables

SECOND_FACTOR_ROLES = frozenset({"head", "deputy-head", "support"})
"""Whoever can do more signs in with more: until then these roles do nothing but add a second factor."""
TICKET_MICROSECONDS = 10 * MINUTE
"""Long enough to install an app; a challenge lives as long."""
TOTP_SECONDS = 30
"""A code lives as long and no longer (ASVS 5.0, 6.5.5): telephones have the right time."""
TOTP_SECRET_LETTERS = 32
"""160 bits in base32, as RFC 4226, 4 recommends."""
CHALLENGE_BYTES = 32
NONCE_BYTES = 12
ISSUER = "ejd"
RECOVERY = "recovery"


class FactorRefused(NotAuthenticated):
    """The second factor was wrong, or what was begun is over."""


class FactorNotAdded(NotAllowed):
    """What the app or the device showed does not prove that it is there."""


class Page(NamedTuple):
    """Where a browser is: the name of the host without port, and the origin with it."""

    host: str
    origin: str


class Shown(NamedTuple):
    """What somebody shows: a code of the app, a recovery code, or what the browser got from a key, as JSON."""

    code: str = ""
    recovery: str = ""
    passkey: Any = None


class Begin(NamedTuple):
    """What somebody goes on with: a ticket, and for a browser the options of WebAuthn, for an app its secret."""

    ticket: str
    kinds: tuple[str, ...] = ()
    passkey: Any = None
    secret: str = ""
    uri: str = ""

    def __repr__(self) -> str:
        """Leave the secrets out of logs and tracebacks."""
        return f"Begin(kinds={self.kinds})"


@dataclass(frozen=True)
class SecondFactors:
    """The second factors of one school; safe for threads and processes. The events say which of them count."""

    tables: FactorTables
    clock: Callable[[], int]
    random_bytes: RandomBytes
    seal_key: bytes
    code_key: bytes

    REFUSED = "this is not right, or it took too long: sign in again, or take a recovery code"

    # Showing one

    def ask(self, state: AccountState, account: str, what: Begun, page: Page, session: str = "") -> Begin:
        """Answer what shows a second factor of an account: its kinds, with a challenge for its keys."""
        challenge = self.random_bytes(CHALLENGE_BYTES)
        rows = self._rows(state, account, "passkey")
        options = None
        if rows:
            keys = [PublicKeyCredentialDescriptor(id=_key(row)["id"]) for row in rows]
            options = _plain(
                generate_authentication_options(
                    rp_id=page.host,
                    challenge=challenge,
                    allow_credentials=keys,
                    user_verification=UserVerificationRequirement.PREFERRED,
                )
            )
        kinds = sorted({*state.factors.values(), *([RECOVERY] if state.recovery_codes else ())})
        ticket = self._begin(account, what, state.generation, session, challenge.hex())
        return Begin(ticket, tuple(kinds), options)

    def ticket(self, secret: str, *kinds: Begun) -> Ticket:
        """Answer what was begun; raises FactorRefused when it is over."""
        found = self.tables.ticket(digest_secret(secret))
        if found is None or found.what not in kinds or found.expires_at <= self.clock():
            raise FactorRefused(self.REFUSED)
        return found

    def check(self, state: AccountState, secret: str, ticket: Ticket, shown: Shown, page: Page) -> str:
        """Answer the factor's kind, or `recovery/<code id>`, and use the ticket up; raises FactorRefused."""
        if ticket.generation != state.generation:
            raise FactorRefused(self.REFUSED)
        if shown.recovery:
            found = self._recovery(state, ticket.account, shown.recovery)
        elif shown.passkey is not None:
            found = self._passkey(state, ticket, shown.passkey, page)
        else:
            found = self._totp(state, ticket.account, shown.code)
        if not found or not self.tables.take_ticket(digest_secret(secret)):
            raise FactorRefused(self.REFUSED)
        return found

    def _totp(self, state: AccountState, account: str, code: str) -> str:
        for row in self._rows(state, account, "totp"):
            step = self._step_of(self._open(account, row.factor, row.secret), code)
            if step is not None and self.tables.advance(account, row.factor, step):
                return "totp"
        return ""

    def _step_of(self, secret: str, code: str) -> int | None:
        """Answer the step of time when it is its code."""
        step = self.clock() // 1_000_000 // TOTP_SECONDS
        shown, given = pyotp.TOTP(secret).generate_otp(step), "".join(code.split())
        return step if hmac.compare_digest(shown.encode(), given.encode()) else None

    def _passkey(self, state: AccountState, ticket: Ticket, shown: Any, page: Page) -> str:
        for row in self._rows(state, ticket.account, "passkey"):
            key = _key(row)
            if not isinstance(shown, dict) or shown.get("id") != bytes_to_base64url(key["id"]):
                continue
            try:
                verified = verify_authentication_response(
                    credential=shown,
                    expected_challenge=bytes.fromhex(ticket.secret),
                    expected_rp_id=page.host,
                    expected_origin=page.origin,
                    credential_public_key=key["public"],
                    credential_current_sign_count=max(row.counter, 0),
                )
            except (WebAuthnException, ValueError, binascii.Error):
                return ""
            counter = verified.new_sign_count
            counts = counter == 0 or self.tables.advance(ticket.account, row.factor, counter)
            return "passkey" if counts else ""
        return ""

    def _recovery(self, state: AccountState, account: str, given: str) -> str:
        for code, digest in self.tables.recovery_codes(account).items():
            if code in state.recovery_codes and codes.is_code_of(digest, self.code_key, account, given):
                return f"{RECOVERY}/{code}"
        return ""

    # Adding one

    def begin_totp(self, state: AccountState, account: str, session: str) -> Begin:
        """Answer the secret for an app, as text and as the address that a QR code holds."""
        secret = base64.b32encode(self.random_bytes(TOTP_SECRET_LETTERS * 5 // 8)).decode()
        sealed = self._seal(account, "", secret)
        ticket = self._begin(account, "add-totp", state.generation, session, sealed)
        login = state.opened.login if state.opened is not None else account
        return Begin(ticket, secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER))

    def begin_passkey(self, state: AccountState, account: str, session: str, page: Page) -> Begin:
        """Answer the options with which a browser makes a key."""
        challenge = self.random_bytes(CHALLENGE_BYTES)
        login = state.opened.login if state.opened is not None else account
        options = generate_registration_options(
            rp_id=page.host,
            rp_name=ISSUER,
            user_id=account.encode(),
            user_name=login,
            challenge=challenge,
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=_key(row)["id"]) for row in self._rows(state, account, "passkey")
            ],
        )
        ticket = self._begin(account, "add-passkey", state.generation, session, challenge.hex())
        return Begin(ticket, passkey=_plain(options))

    def proven(self, ticket: Ticket, factor: str, title: str, shown: Shown, page: Page) -> FactorRow:
        """Answer the row of a factor whose owner has shown that it is there; raises FactorNotAdded."""
        now = self.clock()
        if ticket.what == "add-totp":
            secret = self._open(ticket.account, "", ticket.secret)
            step = self._step_of(secret, shown.code)
            if step is None:
                raise FactorNotAdded("this is not the code that the app shows now: look at its clock", field="code")
            return FactorRow(factor, title, self._seal(ticket.account, factor, secret), step, now)
        try:
            verified = verify_registration_response(
                credential=shown.passkey,
                expected_challenge=bytes.fromhex(ticket.secret),
                expected_rp_id=page.host,
                expected_origin=page.origin,
            )
        except (WebAuthnException, ValueError, TypeError, binascii.Error):
            raise FactorNotAdded("the browser's answer proves no key: begin anew", field="passkey") from None
        key = {
            "id": bytes_to_base64url(verified.credential_id),
            "public": bytes_to_base64url(verified.credential_public_key),
        }
        return FactorRow(factor, title, json.dumps(key), verified.sign_count, now)

    def new_recovery_codes(self, account: str, number: int) -> list[codes.NewCode]:
        """Make recovery codes and keep their digests; they count when the events name them."""
        made = [codes.new_code(self.random_bytes, codes.RECOVERY_LETTERS) for _ in range(number)]
        old = list(self.tables.recovery_codes(account))
        self.tables.put_recovery_codes(
            account, {one.code_id: codes.digest_code(self.code_key, account, one.text) for one in made}
        )
        self.tables.drop_recovery_codes(account, old)
        return made

    # What they share

    def take(self, secret: str) -> None:
        """Use a ticket up; raises FactorRefused when somebody was first."""
        if not self.tables.take_ticket(digest_secret(secret)):
            raise FactorRefused(self.REFUSED)

    def _begin(self, account: str, what: Begun, generation: int, session: str, secret: str) -> str:
        now = self.clock()
        text = new_secret(self.random_bytes)
        ticket = Ticket(account, what, generation, session, secret, now + TICKET_MICROSECONDS)
        self.tables.put_ticket(digest_secret(text), ticket, now)
        return text

    def _rows(self, state: AccountState, account: str, kind: str) -> Sequence[FactorRow]:
        return [row for row in self.tables.factors_of(account) if state.factors.get(row.factor) == kind]

    def _seal(self, account: str, factor: str, secret: str) -> str:
        nonce = self.random_bytes(NONCE_BYTES)
        return (nonce + AESGCM(self.seal_key).encrypt(nonce, secret.encode(), f"{account}/{factor}".encode())).hex()

    def _open(self, account: str, factor: str, sealed: str) -> str:
        box = bytes.fromhex(sealed)
        aad = f"{account}/{factor}".encode()
        return AESGCM(self.seal_key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], aad).decode()


def _key(row: FactorRow) -> dict[str, bytes]:
    return {name: base64url_to_bytes(text) for name, text in json.loads(row.secret).items()}


def _plain(options: Any) -> Any:
    return json.loads(options_to_json(options))
