"""May somebody do this to that: one pure function that answers with its reasons (F1), and the table it goes by.

Facts go in (grants of the moment, ties to the thing, what stands against), a verdict comes out. `rights` gathers the
facts of commands from streams, `ejd.access.reading` those of questions; neither decides anything by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from ejd.kernel.envelope import Ref
from ejd.kernel.events.accounts import GrantScope, Role

Action = Literal[
    "set-up",
    "administer",
    "decide-alone",
    "manage-accounts",
    "appoint",
    "write-record",
    "acknowledge",
    "register-paper",
    "give-code",
    "keep-credentials",
    "consent",
    "register-consent",
    "decide-request",
    "withdraw-request",
    "ask-erasure",
    "decide-erasure",
    "report-breach",
    "receive-notice",
    "decide-breach",
    "reset-credentials",
    "act-in-role",
    "read",
    "send",
]
ThingKind = Literal["school", "directory", "class", "journal", "child", "account", "request", "breach"]
"""`school`: the whole of it; `directory`: what everybody at school may know, such as calendar and classes."""
TieKind = Literal[
    "load",
    "substitution",
    "class-teacher",
    "guardianship",
    "oneself",
    "asked",
    "owner",
    "was-load",
    "substitutes",
]
"""What binds somebody to a thing today; `was-load` and `substitutes` (another lesson of it) let see, never write."""
Bar = Literal["asked-oneself", "own-breach", "under-breach"]
Lack = Literal["", "role", "scope", "tie", "asked-oneself", "own-breach", "under-breach"]


class Access(NamedTuple):
    """What a command or a route declares about itself: its action, and to what kind of thing."""

    action: Action
    thing: ThingKind
    doing: str = "do this"
    """What it is in the words of a refusal: only a head may `doing`."""
    also: Action | None = None
    """A second action that it is, by what it says: a signature from paper, a request about a substitution."""
    readers: frozenset[Role] = frozenset()
    """Of a question: the roles that may ask it at all."""

    @property
    def permits(self) -> tuple[Permit, ...]:
        """What its actions take."""
        return tuple(PERMITS[action] for action in (self.action, self.also) if action is not None)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that may ever do it, the most usual first."""
        found = dict.fromkeys(role for permit in self.permits for role in permit.roles)
        return tuple(role for role in found if not self.readers or role in self.readers)


class Thing(NamedTuple):
    """What an action is about; `within` are the scopes, beside the whole school, that it lies in."""

    kind: ThingKind
    id: str = ""
    within: frozenset[GrantScope] = frozenset()


WHOLE_SCHOOL = Thing("school")


class Held(NamedTuple):
    """A role that counts at the moment, in the whole school unless a scope is named."""

    role: Role
    ref: Ref | None = None
    scope: GrantScope | None = None


class Tie(NamedTuple):
    """What binds somebody to the thing in question, with the fact it follows from."""

    kind: TieKind
    ref: Ref | None = None


class Facts(NamedTuple):
    """All that a decision goes by; `founding`: the system acts before anybody else can."""

    grants: Sequence[Held] = ()
    ties: Sequence[Tie] = ()
    bars: Collection[Bar] = ()
    founding: bool = False


class Verdict(NamedTuple):
    """Allowed with the facts it stands on, or what is lacking, and whether the thing may be known to who asks."""

    allowed: bool
    refs: tuple[Ref, ...] = ()
    lacks: Lack = ""
    known: bool = True

    @property
    def status(self) -> int:
        """The HTTP status: a thing that may be seen but not touched is 403, one that may not be seen is not there."""
        if self.allowed:
            return 200
        return 403 if self.known else 404


class Permit(NamedTuple):
    """What an action takes: one of `roles` over the thing, with one of its role's `ties` where there are any.

    `owner`: who owns the thing needs no role. `bars`: what stands against whoever it is.
    """

    roles: tuple[Role, ...]
    what: str
    ties: Mapping[Role, frozenset[TieKind]] = MappingProxyType({})
    owner: bool = False
    bars: tuple[Bar, ...] = ()
    founding: bool = False


_ADMINISTRATION: tuple[Role, ...] = ("head", "deputy-head")
_EVERYBODY: tuple[Role, ...] = ("head", "deputy-head", "teacher", "pupil", "parent", "support", "api-client")
_TEACHES: frozenset[TieKind] = frozenset({"load", "substitution"})
_ASKED: frozenset[TieKind] = frozenset({"asked"})
_INDEPENDENT: tuple[Bar, ...] = ("own-breach", "under-breach")

PERMITS: Mapping[Action, Permit] = {
    "set-up": Permit((*_ADMINISTRATION, "api-client"), "set the school up (C1-C8)", founding=True),
    "administer": Permit(_ADMINISTRATION, "what only people of the administration decide (п. 5-9)"),
    "decide-alone": Permit(("head",), "what only the head decides (G7)"),
    "manage-accounts": Permit(("head", "support"), "accounts, roles, tokens, locks", founding=True),
    "appoint": Permit(("head",), "head, deputy head and API client, and tokens to act as somebody", founding=True),
    "write-record": Permit(
        ("teacher",), "write in a journal: own load, or substitution in that lesson (F1)", {"teacher": _TEACHES}
    ),
    "acknowledge": Permit(("parent",), "acknowledge for the own child (E4)", {"parent": frozenset({"guardianship"})}),
    "register-paper": Permit(
        (*_ADMINISTRATION, "teacher"),
        "register a guardian's signature on paper: the class teacher for the class (E4)",
        {"teacher": frozenset({"class-teacher"})},
    ),
    "give-code": Permit(
        (*_ADMINISTRATION, "support", "teacher"),
        "give somebody a code to sign in with: nobody whose account sees more than the giver's (F2)",
        {"teacher": frozenset({"class-teacher"})},
        founding=True,
    ),
    "keep-credentials": Permit((), "set one's own password", owner=True),
    "consent": Permit(
        ("parent", "pupil", "teacher", *_ADMINISTRATION),
        "agree or refuse in the cabinet: for oneself, or for the own child (E5)",
        dict.fromkeys(("parent", "pupil", "teacher", *_ADMINISTRATION), frozenset({"oneself", "guardianship"})),
    ),
    "register-consent": Permit(
        (*_ADMINISTRATION, "teacher"),
        "register consents from paper: the class teacher for the class and its guardians (E5)",
        {"teacher": frozenset({"class-teacher"})},
    ),
    "decide-request": Permit(
        _ADMINISTRATION,
        "decide on a request to correct: the regulation's approvers, never who asked (A10)",
        bars=("asked-oneself", "under-breach"),
    ),
    "withdraw-request": Permit(
        ("teacher", *_ADMINISTRATION),
        "take back the own request",
        {"teacher": _ASKED, "head": _ASKED, "deputy-head": _ASKED},
    ),
    "ask-erasure": Permit(
        _ADMINISTRATION,
        "ask that a person be erased; everybody for oneself and the own child (152-ФЗ ст. 14)",
        owner=True,
    ),
    "decide-erasure": Permit(
        ("head",),
        "decide about an erasure, never as who asked or is to be erased",
        bars=("asked-oneself", "under-breach"),
    ),
    "report-breach": Permit(
        (*_ADMINISTRATION, "support"), "report a breach of any account; everybody of the own one (B1)", owner=True
    ),
    "receive-notice": Permit(
        (*_ADMINISTRATION, "support"), "receive the notice of a breach, as the regulation names (B2)", bars=_INDEPENDENT
    ),
    "decide-breach": Permit(_ADMINISTRATION, "decide in somebody else's breach (B3-B7)", bars=_INDEPENDENT),
    "reset-credentials": Permit(
        ("support", *_ADMINISTRATION), "reset the credentials of a breached account (B3)", bars=_INDEPENDENT
    ),
    "act-in-role": Permit(_EVERYBODY, "what the rule in question gives to roles that depend on what it is about"),
    "read": Permit(_EVERYBODY, "read: the roles that the question names, about what duties and scopes cover"),
    "send": Permit(_EVERYBODY, "send several commands at once: each is decided by itself", owner=True),
}

KNOWN_TO_ALL: frozenset[ThingKind] = frozenset({"school", "directory", "class"})
"""Kinds of things that whoever has a role at school knows of, in whatever part of it the role counts."""
SEEN_BY: Mapping[ThingKind, frozenset[Role]] = {
    "school": frozenset(_EVERYBODY),
    "directory": frozenset(_EVERYBODY),
    "class": frozenset(_EVERYBODY),
    "journal": frozenset({"head", "deputy-head", "api-client"}),
    "child": frozenset({"head", "deputy-head", "api-client"}),
    "account": frozenset({"head", "support"}),
    "request": frozenset(_ADMINISTRATION),
    "breach": frozenset({"head", "deputy-head", "support"}),
}
"""Roles that may know of every thing of a kind in their scope; for others it takes a tie to it."""

SCOPES: Mapping[Role, frozenset[str]] = {
    "head": frozenset(),
    "deputy-head": frozenset({"class"}),
    "teacher": frozenset({"journal"}),
    "pupil": frozenset(),
    "parent": frozenset({"child"}),
    "support": frozenset(),
    "api-client": frozenset({"class", "journal", "child"}),
}
"""Kinds of scopes that a role can be granted in, beside the whole school."""


def covers(grant: Held, thing: Thing) -> bool:
    """Say whether a grant reaches a thing: it is for the whole school, or for a scope that the thing lies in."""
    return grant.scope is None or thing.kind == "directory" or grant.scope in thing.within


def sees(grants: Sequence[Held], thing: Thing) -> bool:
    """Say whether grants alone let somebody know of a thing, without any tie to it."""
    return any(
        grant.role in SEEN_BY[thing.kind] and (thing.kind in KNOWN_TO_ALL or covers(grant, thing)) for grant in grants
    )


def admits(access: Access, grants: Sequence[Held]) -> Verdict:
    """Decide by roles alone, before anything is read: may somebody with these grants ever do this kind of thing.

    What is about the school as a whole takes a grant for the whole of it.
    """
    if any(permit.owner for permit in access.permits):
        return Verdict(allowed=True)
    having = [grant for grant in grants if grant.role in access.roles]
    if not having:
        return Verdict(allowed=False, lacks="role")
    if access.thing == "school" and not any(grant.scope is None for grant in having):
        return Verdict(allowed=False, lacks="scope")
    return Verdict(allowed=True)


def decide(
    action: Action, facts: Facts, thing: Thing = WHOLE_SCHOOL, *, only: Collection[Role] | None = None
) -> Verdict:
    """Decide whether an actor with these facts may do this to that; `only` narrows the roles, as a regulation does.

    Lacking the role says nothing about the thing, so that it is never a sign of whether the thing is there.
    """
    permit = PERMITS[action]
    if permit.founding and facts.founding:
        return Verdict(allowed=True)
    kinds = {tie.kind for tie in facts.ties}
    owns = permit.owner and "owner" in kinds
    roles = permit.roles if only is None else [role for role in only if role in permit.roles]
    having = [grant for role in roles for grant in facts.grants if grant.role == role]
    if not having and not owns:
        return Verdict(allowed=False, lacks="role")
    known = bool(facts.ties) or sees(facts.grants, thing)
    reaching = [grant for grant in having if covers(grant, thing)]
    if not reaching and not owns:
        return Verdict(allowed=False, lacks="scope", known=known)
    refs = () if owns else _standing(permit, reaching, facts.ties)
    if refs is None:
        return Verdict(allowed=False, lacks="tie", known=known)
    for bar in permit.bars:
        if bar in facts.bars:
            return Verdict(allowed=False, lacks=bar)
    return Verdict(allowed=True, refs=refs)


def _standing(permit: Permit, grants: Sequence[Held], ties: Sequence[Tie]) -> tuple[Ref, ...] | None:
    """Answer what the right stands on: the first grant that needs no tie or has one, and the tie; None without."""
    for grant in grants:
        wanted = permit.ties.get(grant.role)
        if wanted is None:
            return _refs(grant)
        for tie in ties:
            if tie.kind in wanted:
                return _refs(grant, tie)
    return None


def _refs(*facts: Held | Tie) -> tuple[Ref, ...]:
    return tuple(one.ref for one in facts if one.ref is not None)
