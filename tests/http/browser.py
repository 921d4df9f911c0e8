"""A browser of the tests: it keeps cookies, says from where it sends, and has the token of its session's page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyotp

from ejd.http.cookies import CSRF_HEADER, DEVICE_COOKIE, SESSION_COOKIE
from ejd.kernel.command import Actor
from ejd.kernel.ids import OPERATOR
from ejd.signing.factors import SECOND_FACTOR_ROLES
from tests.http.conftest import Web
from tests.http.server import ADDRESS
from tests.schools import LOGINS

GOOD = "лиловый жираф читает газету"
"""A password that nobody would guess."""
BETTER = "сорок две тихие черепахи"
WRONG = "это не тот пароль совсем"
KEEPER_ACTOR = Actor(OPERATOR, "0198c0de-7a3b-7000-8000-000000000001", "tests")
HEAD_ACTOR = Actor(LOGINS["head"][0], "0198c0de-7a3b-7000-8000-000000000002", "tests")


@dataclass
class Browser:
    """One device of one person."""

    web: Web
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    agent: str = "Mozilla/5.0 (tests)"
    paper: dict[str, list[str]] = field(default_factory=dict)
    """Recovery codes by login; the browsers of one school may share them."""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send as a page of ours does; a header given as "" is left out."""
        own = {
            "Origin": ADDRESS,
            "Sec-Fetch-Site": "same-origin",
            CSRF_HEADER: self.csrf,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "User-Agent": self.agent,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        own = {name: value for name, value in own.items() if value}
        self.web.client.cookies.clear()
        answer = self.web.client.request(method, f"/api/v1{path}", json=body, headers=own)
        for name in (SESSION_COOKIE, DEVICE_COOKIE):
            if name in answer.cookies or f'{name}=""' in answer.headers.get("set-cookie", ""):
                self.cookies.pop(name, None)
                if (answer.cookies.get(name) or "").strip('"'):
                    self.cookies[name] = answer.cookies[name]
        self.web.client.cookies.clear()
        if answer.status_code == 200 and "csrf_token" in answer.json():
            self.csrf = answer.json()["csrf_token"]
        return answer

    def sign_in(self, login: str, password: str = GOOD) -> Any:
        """Sign in; who has a second factor takes a recovery code."""
        return self.finished(login, self.send("POST", "/sign-in", {"login": login, "password": password}))

    def step_up(self, login: str, password: str = GOOD) -> Any:
        """Show the password again, and a recovery code if the account has a second factor."""
        return self.finished(login, self.send("POST", "/session/step-up", {"password": password}))

    def finished(self, login: str, answer: Any) -> Any:
        """Show a recovery code when that comes next."""
        if answer.status_code != 202 or not self.paper.get(login):
            return answer
        body = {"ticket": answer.json()["ticket"], "recovery": self.paper[login].pop()}
        return self.send("POST", "/second-factor", body)

    def add_app(self, login: str, password: str = GOOD) -> str:
        """Add an app and answer its secret; keeps the recovery codes."""
        begun = self.send("POST", "/second-factors/totp", {"password": password}).json()
        body = {"ticket": begun["ticket"], "title": "Телефон", "code": self.code_of(begun["secret"])}
        answer = self.send("POST", "/second-factors", body)
        assert answer.status_code == 200, answer.text
        self.paper[login] = answer.json()["recovery_codes"] or self.paper.get(login, [])
        return str(begun["secret"])

    def code_of(self, secret: str, steps: int = 0) -> str:
        """Answer what an app shows by the school's clock."""
        return pyotp.TOTP(secret).generate_otp(self.web.tiny.school.clock() // 30_000_000 + steps)

    def command(self, name: str, body: Any, *, key: str | None = None, **headers: str) -> Any:
        """Send a command with the cookie."""
        return self.send(
            "POST", f"/commands/{name}", body, **{"Idempotency-Key": key or self.web.tiny.new_id()}, **headers
        )


def code_for(web: Web, login: str, *, days: int = 7) -> str:
    """Have a one-time code made for somebody by whom it may be: the operator for staff, the head for families."""
    account, role, _ = LOGINS[login]
    actor = HEAD_ACTOR if role in {"parent", "pupil"} or login == "helper" else KEEPER_ACTOR
    (issued,) = web.tiny.school.signing.issue_codes(actor, [account], days=days, starts_over=True)
    return issued.code


def with_password(web: Web, login: str, password: str = GOOD) -> Browser:
    """Answer a browser in which somebody has just set the first password."""
    browser = Browser(web)
    body = {"login": login, "code": code_for(web, login), "password": password}
    answer = browser.send("POST", "/first-sign-in", body)
    assert answer.status_code == 200, answer.text
    if LOGINS[login][1] in SECOND_FACTOR_ROLES:
        browser.add_app(login, password)
    return browser
