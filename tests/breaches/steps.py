"""Steps of breaches for the player: reported, received, reset, narrowed, made void, restored, closed; roles, tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import cast

from ejd.kernel.command import Command
from ejd.kernel.envelope import Answer
from ejd.kernel.events.accounts import Role
from ejd.kernel.states.access import AccountState
from ejd.kernel.states.breaches import RECEIVERS, BreachState
from ejd.kernel.voiding import affected, digest_of
from ejd_commands import accounts, acknowledgements
from ejd_commands import breach_ends as be
from ejd_commands import breaches as bc
from ejd_commands import invalidations as ic
from tests import worlds as w
from tests.breaches import world as bw
from tests.breaches.player import RealPlayer, a_breach_step
from tests.scenario import uid

OPEN_BREACHES_MAX = 3

MINUTE = 60_000_000

ROLES: tuple[Role, ...] = ("head", "deputy-head", "teacher", "support")

DECIDERS = (w.HEAD, w.DEPUTY, bw.DEPUTY_2)

VICTIMS = (w.ADA, w.ADA, w.BORIS, w.BORIS, w.DEPUTY, w.HEAD, w.SUPPORT, w.PARENT)

REASON = "так решено"


def moment(microseconds: int) -> datetime:
    """Answer the moment of a time in microseconds since 1970 UTC."""
    return datetime.fromtimestamp(microseconds / 1_000_000, tz=UTC)


def _decider(player: RealPlayer, rnd: Random, but: set[str]) -> str:
    """Answer somebody who may decide, mostly; sometimes anybody."""
    if rnd.random() < 0.1:
        return rnd.choice(list(bw.PEOPLE))
    return rnd.choice([one for one in DECIDERS if one not in but and _can_decide(player, one)] or list(DECIDERS))


def _breach(player: RealPlayer, rnd: Random, **wanted: bool) -> tuple[str, BreachState] | None:
    """Answer a breach, mostly one that has what is wanted; None while there is none."""
    states = [(one, player.state(BreachState, one)) for one in player.breaches]
    fit = [one for one in states if all(bool(getattr(one[1], name)) == value for name, value in wanted.items())]
    chosen = fit if rnd.random() < 0.9 else states
    return rnd.choice(chosen) if chosen else None


def _account(state: BreachState) -> str:
    return "" if state.reported is None else state.reported.account


@a_breach_step(2)
def _report(player: RealPlayer, rnd: Random) -> None:
    """Report a breach, soon after or long after it was learned of."""
    still = [one for one in player.breaches if not player.state(BreachState, one).closed]
    if len(still) >= OPEN_BREACHES_MAX and rnd.random() < 0.9:
        return
    account = rnd.choice(VICTIMS)
    learned = player.clock - timedelta(minutes=rnd.choice((0, 5, 60, 1440, 5000)))
    stored = [one for one in player.sent_before[-60:] if one.answer is not None and one.answer.events]
    if not stored and rnd.random() < 0.9:
        return
    teachers = [one for one in stored if one.actor.account in {w.ADA, w.BORIS}]
    if stored and rnd.random() < 0.8:
        forged = rnd.choice(teachers if teachers and rnd.random() < 0.8 else stored)
        account, learned = forged.actor.account, moment(cast("Answer", forged.answer).recorded_at - MINUTE)
    breach = uid(f"breach {len(player.breaches)}")
    by = account if rnd.random() < 0.2 else _decider(player, rnd, {account})
    player.send(bc.ReportBreach(breach=breach, account=account, learned_at=learned, what="токен украден"), by)
    if player.gathered is None and player.state(BreachState, breach).reported is not None:
        player.breaches.append(breach)


@a_breach_step(4)
def _receive(player: RealPlayer, rnd: Random) -> None:
    """Enter when the head or the support received the notice: at once, or days later (a second person confirms)."""
    found = _breach(player, rnd, window=False)
    if found is not None:
        _receive_one(player, rnd, *found)


def _receive_one(player: RealPlayer, rnd: Random, breach: str, state: BreachState) -> None:
    if state.reported is None:
        return
    lacking = [one for one in RECEIVERS if one not in state.receipts or not state.receipts[one].confirmed]
    receiver = rnd.choice(lacking or list(RECEIVERS))
    receiver = rnd.choice(("head", "support")) if rnd.random() < 0.1 else receiver
    waiting = state.receipts.get(receiver)
    if waiting is not None and not waiting.confirmed:
        command: Command = bc.ConfirmBreachNotice(breach=breach, receiver=receiver)
        player.send(command, _decider(player, rnd, {waiting.by.account, _account(state)}))
        return
    learned = state.reported.learned_at
    upto = player.now if rnd.random() < 0.2 else state.reported.reported_at
    at = learned + int((upto - learned) * rnd.choice((0, 0, 0, 0.1, 0.6, 1)))
    command = bc.AcknowledgeBreachNotice(breach=breach, receiver=receiver, received_at=moment(at))
    player.send(command, _receiver(player, rnd, receiver, state))


def _receiver(player: RealPlayer, rnd: Random, receiver: str, state: BreachState) -> str:
    """Answer whom the notice is for, mostly; not who received it as the other one."""
    roles = {"head": (w.HEAD,), "support": (w.SUPPORT, bw.SUPPORT_2)}[receiver]
    if _account(state) in roles or rnd.random() < 0.1:
        roles = (w.DEPUTY, bw.DEPUTY_2, bw.SUPPORT_2)
    but = {_account(state), *(one.by.account for one in state.receipts.values())}
    return rnd.choice([one for one in roles if one not in but and _can_decide(player, one)] or list(roles))


def _can_decide(player: RealPlayer, account: str) -> bool:
    state = player.state(AccountState, account)
    return not state.breaches and not state.locked and bool(state.tokens)


@a_breach_step(3)
def _reset(player: RealPlayer, rnd: Random) -> None:
    found = _breach(player, rnd, reset_at=False)
    if found is not None:
        by = rnd.choice((w.SUPPORT, bw.SUPPORT_2, *DECIDERS))
        player.send(bc.ResetCredentials(breach=found[0]), by)


@a_breach_step(3)
def _give_a_token(player: RealPlayer, rnd: Random) -> None:
    """Give an account a new token: its owner after a reset, or somebody whom a thief lets in."""
    without = [one for one in bw.PEOPLE if not player.state(AccountState, one).tokens]
    _give(player, rnd, rnd.choice(without or list(bw.PEOPLE)))


def _give(player: RealPlayer, rnd: Random, account: str) -> None:
    held = bw.token_of(f"number {player.sent}")
    command = accounts.IssueToken(
        account=account,
        token=held.token,
        digest=held.digest,
        client="tests",
        expires_at=player.clock + timedelta(days=rnd.choice((1, 100))),
    )
    before = len(player.sent_before)
    player.send(command, _supporter(player, rnd))
    if len(player.sent_before) > before and player.sent_before[-1].answer is not None:
        player.held_by(account).append(held)


def _supporter(player: RealPlayer, rnd: Random) -> str:
    """Answer somebody who manages accounts, mostly one who can."""
    fit = [one for one in (w.HEAD, w.SUPPORT, bw.SUPPORT_2) if not player.state(AccountState, one).locked]
    return rnd.choice(fit or [w.HEAD])


@a_breach_step(3)
def _change_access(player: RealPlayer, rnd: Random) -> None:
    """Grant, revoke, lock, unlock, end a token."""
    account = rnd.choice(list(bw.PEOPLE))
    locked = [one for one in bw.PEOPLE if player.state(AccountState, one).locked]
    if locked and rnd.random() < 0.6:
        unlock = accounts.UnlockAccount(account=rnd.choice(locked), reason=REASON)
        player.send(unlock, _supporter(player, rnd))
        return
    role: Role = rnd.choice(ROLES)
    tokens = [one.token for one in player.held_by(account)] or [bw.token_of("nobody's").token]
    commands: list[Command] = [
        accounts.GrantRole(account=account, role=role),
        accounts.GrantRole(account=account, role=role),
        accounts.RevokeRole(account=account, role=role),
        accounts.LockAccount(account=account, reason=REASON),
        accounts.UnlockAccount(account=account, reason=REASON),
        accounts.UnlockAccount(account=account, reason=REASON),
        accounts.RevokeToken(account=account, token=rnd.choice(tokens)),
    ]
    player.send(rnd.choice(commands), _supporter(player, rnd))


@a_breach_step(2)
def _window(player: RealPlayer, rnd: Random) -> None:
    """Narrow the window, propose a wider one, agree to it."""
    found = _breach(player, rnd, window=True, closed=False)
    if found is not None:
        _choose_window(player, rnd, *found)


def _choose_window(player: RealPlayer, rnd: Random, breach: str, state: BreachState) -> None:
    window = state.window
    starts, ends = (player.now, player.now) if window is None else window[:2]
    held = player.held_by(_account(state))
    sessions = (rnd.choice(held).token,) if held and rnd.random() < 0.3 else ()
    day = 1_440 * MINUTE
    moments = {"starts": moment(starts + rnd.choice((-day, -day, 60 * MINUTE, 0)))}
    if rnd.random() < 0.5:
        moments["ends"] = moment(ends - rnd.choice((0, MINUTE, day)))
    command: Command = ic.NarrowBreachWindow(breach=breach, sessions=sessions, reason=REASON, **moments)
    but = {_account(state)}
    if state.widening is not None and rnd.random() < 0.8:
        command = ic.WidenBreachWindow(breach=breach)
        but.add(state.widening.by.account)
    elif rnd.random() < 0.6:
        command = ic.ProposeBreachWindow(breach=breach, sessions=sessions, reason=REASON, **moments)
    player.send(command, _decider(player, rnd, but))


def previewed(player: RealPlayer, breach: str) -> tuple[str, int]:
    """Answer the digest that a preview shows now, and how many events it is about."""
    state = player.school.states.load(BreachState, breach)
    window = state.window
    if window is None:
        return "0" * 64, 0
    found = affected(player.school.store.operations(_account(state), window.starts, window.ends), window, state)
    return digest_of(breach, window, found, player.school.store.heads(list(found.voided))), found.events


@a_breach_step(8)
def _invalidate(player: RealPlayer, rnd: Random) -> None:
    """Propose what the preview shows, or agree to what is proposed; sometimes by the digest of an old preview."""
    found = _breach(player, rnd, window=True, closed=False)
    if found is not None:
        _invalidate_one(player, rnd, *found)


def _invalidate_one(player: RealPlayer, rnd: Random, breach: str, state: BreachState) -> None:
    digest, events = previewed(player, breach)
    if not events and rnd.random() < 0.8:
        _close_one(player, rnd, breach, state)
        return
    by = _decider(player, rnd, {_account(state)})
    if state.proposed is None or (state.proposed.digest != digest and rnd.random() < 0.8):
        player.send(ic.ProposeInvalidation(breach=breach, digest=digest), by)
        if rnd.random() < 0.4 or player.gathered is not None:
            return
        state = player.state(BreachState, breach)
    if state.proposed is not None:
        by = _decider(player, rnd, {_account(state), state.proposed.by.account})
        player.send(ic.InvalidateBreach(breach=breach, digest=state.proposed.digest), by)


def _holds_others_up(player: RealPlayer, breach: str) -> bool:
    """Say whether somebody who is needed everywhere is suspended, or may decide nothing until it is closed."""
    state = player.state(BreachState, breach)
    return not state.closed and _account(state) in {w.HEAD, w.SUPPORT, *DECIDERS}


@a_breach_step(4)
def _close(player: RealPlayer, rnd: Random) -> None:
    """Decide on what stood on what is void, then close."""
    found = _breach(player, rnd, reset_at=True, closed=False)
    if found is not None and rnd.random() < 0.4:
        _close_one(player, rnd, *found)


def _close_one(player: RealPlayer, rnd: Random, breach: str, state: BreachState) -> None:
    receipts = [state.receipts.get(one) for one in RECEIVERS]
    by = _decider(player, rnd, {_account(state)})
    if not all(one is not None and one.confirmed for one in receipts):
        _receive_one(player, rnd, breach, state)
    elif state.widening is not None:
        player.send(
            ic.WidenBreachWindow(breach=breach), _decider(player, rnd, {_account(state), state.widening.by.account})
        )
    elif state.proposed is not None:
        agree = ic.InvalidateBreach(breach=breach, digest=state.proposed.digest)
        player.send(agree, _decider(player, rnd, {_account(state), state.proposed.by.account}))
    else:
        player.school.feeder.run_to_end()
        open_ones = [one for one in player.school.states.dependents(breach, None) if one not in state.decided]
        command: Command = be.CloseBreach(breach=breach, conclusion=REASON)
        if open_ones and rnd.random() < 0.9:
            parts = tuple(be.DependentPart(stream=one.stream, version=one.version) for one in open_ones[:100])
            command = be.DecideOnDependents(breach=breach, dependents=parts, decision="kept", reason=REASON)
        player.send(command, by)


@a_breach_step(25)
def _advance(player: RealPlayer, rnd: Random) -> None:
    """Do what comes next in a breach, one step or several, or report one."""
    states = {one: player.state(BreachState, one) for one in player.breaches}
    waiting = [one for one, state in states.items() if not state.invalidations and not state.closed][-2:]
    stuck = [one for one in player.breaches if _holds_others_up(player, one)]
    if not waiting and not stuck:
        _report(player, rnd)
        return
    breach = rnd.choice(stuck if stuck and rnd.random() < 0.7 else waiting or stuck)
    for _ in range(rnd.choice((1, 2, 4, 8))):
        state = player.state(BreachState, breach)
        if state.closed or (state.invalidations and not stuck):
            return
        _do_next(player, rnd, breach, state)


def _do_next(player: RealPlayer, rnd: Random, breach: str, state: BreachState) -> None:
    receipts = [state.receipts.get(one) for one in RECEIVERS]
    if state.reset_at is None and (all(receipts) or _account(state) in {w.HEAD, w.SUPPORT}):
        player.send(bc.ResetCredentials(breach=breach), _decider(player, rnd, {_account(state)}))
        _give(player, rnd, _account(state))
    elif not all(one is not None and one.confirmed for one in receipts):
        _receive_one(player, rnd, breach, state)
    elif state.invalidations:
        _close_one(player, rnd, breach, state)
    elif state.proposed is None and rnd.random() < 0.25:
        _choose_window(player, rnd, breach, state)
    else:
        _invalidate_one(player, rnd, breach, state)


@a_breach_step(3)
def _reaffirm(player: RealPlayer, rnd: Random) -> None:
    found = _breach(player, rnd, held=True, closed=False)
    if found is not None:
        breach, state = found
        known = sorted(state.commands) or [uid("no command")]
        some = tuple(rnd.sample(known, min(len(known), rnd.randint(1, 3))))
        command = ic.ReaffirmOperations(breach=breach, commands=some, reason=REASON)
        player.send(command, _decider(player, rnd, {_account(state)}))


@a_breach_step(2)
def _revoke(player: RealPlayer, rnd: Random) -> None:
    found = _breach(player, rnd, held=True, closed=False)
    if found is not None:
        command = ic.RevokeInvalidation(breach=found[0], reason=REASON)
        player.send(command, _decider(player, rnd, {_account(found[1])}))


@a_breach_step(2)
def _acknowledge(player: RealPlayer, rnd: Random) -> None:
    """The parent has read the diary of this week, or of the last one."""
    monday = player.today - timedelta(days=player.today.weekday() + rnd.choice((0, 7)))
    command = acknowledgements.AcknowledgeDiary(
        guardian=w.PARENT_GUARDIAN,
        pupil=w.VERA,
        week=max(w.FIRST_DAY, monday),
        seen_position=player.school.store.last_position(),
    )
    player.send(command, w.PARENT)
