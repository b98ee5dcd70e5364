"""Exact regular languages of IAM globs: union, intersection, difference, emptiness, a witness.

A glob is text in which `*` stands for any characters (also `/` and `:`, also none) and `?` for
exactly one (IAM User Guide, "IAM JSON policy elements: Resource"). The policy variables `${*}`,
`${?}` and `${$}` stand for these characters themselves (IAM User Guide, "IAM policy elements:
Variables and tags").

Nothing is enumerated and no automaton is built ahead of a question. A language is a Boolean
expression over globs; reading one character turns it into the language of what may follow (its
Brzozowski derivative), and a breadth-first search over those decides emptiness and finds the
shortest member. In every state only the characters that some glob waits for matter, and one more
that stands for all others: so a few cases a state are all cases.

An output that only AWS knows (a key id) is an *atom*, `ATOM_OPEN + name + ATOM_CLOSE` within the
text: one symbol that equals itself only, and that `*` and `?` match like any character. Matching
a run of several `?` against an atom is therefore as if AWS's value were one character long; where
AWS documents a length (the six characters after a secret's name), that many atoms stand for it.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import TypeAlias
from weakref import WeakValueDictionary

from stackproof.aws.values import ATOM_CLOSE, ATOM_OPEN


class _Wild(Enum):
    """What is not a character of a glob."""

    ONE = "?"
    MANY = "*"
    ONE_OF_PART = "? but no colon"
    MANY_OF_PART = "* but no colon"


_Piece: TypeAlias = "str | _Wild"

_SYMBOL = re.compile(
    rf"{ATOM_OPEN}[^{ATOM_CLOSE}]*{ATOM_CLOSE}|\$\{{[*?$]\}}|.",
    re.DOTALL,
)
_ATOM_OR_CHARACTER = re.compile(rf"{ATOM_OPEN}[^{ATOM_CLOSE}]*{ATOM_CLOSE}|.", re.DOTALL)
_ESCAPED = {"${*}": "*", "${?}": "?", "${$}": "$"}
_WILD = {"*": _Wild.MANY, "?": _Wild.ONE}
_OF_PART = {_Wild.ONE: _Wild.ONE_OF_PART, _Wild.MANY: _Wild.MANY_OF_PART}
_STARS = frozenset({_Wild.MANY, _Wild.MANY_OF_PART})
_COLON = frozenset({":"})
_ARN_PARTS = 6
_OTHER = ""
"""The symbol that stands for every character which no glob of a state waits for."""


def _symbols(text: str) -> tuple[str, ...]:
    return tuple(_ATOM_OR_CHARACTER.findall(text))


def _tokens(pattern: str) -> tuple[_Piece, ...]:
    found: list[_Piece] = []
    for symbol in _SYMBOL.findall(pattern):
        token: _Piece = _WILD.get(symbol) or _ESCAPED.get(symbol, symbol)
        if not (token is _Wild.MANY and found and found[-1] is _Wild.MANY):
            found.append(token)
    return tuple(found)


class _Node:
    """An expression. Equal expressions are one object, so they are compared by identity.

    `kind` is `glob` (operands: tokens, positions), `not`, `and` or `or`.
    """

    __slots__ = ("__weakref__", "_after", "_starts", "_waiting", "kind", "nullable", "operands")

    def __init__(self, kind: str, operands: tuple[object, ...], *, nullable: bool) -> None:
        self.kind = kind
        self.operands = operands
        self.nullable = nullable
        self._after: dict[str, _Node] = {}
        self._waiting: frozenset[str] | None = None
        self._starts: frozenset[str] | None = None

    def nodes(self) -> tuple[_Node, ...]:
        """The operands of `not`, `and` and `or`."""
        return tuple(o for o in self.operands if isinstance(o, _Node))

    def glob(self) -> tuple[tuple[_Piece, ...], tuple[int, ...]]:
        """The tokens of a `glob`, and the positions at which reading may stand."""
        tokens, positions = self.operands
        return tokens, positions  # type: ignore[return-value]  # by construction in _leaf

    def waiting(self) -> frozenset[str]:
        """The characters that make a difference here."""
        if self._waiting is None:
            if self.kind == "glob":
                tokens, positions = self.glob()
                following = [tokens[p] for p in positions if p < len(tokens)]
                self._waiting = frozenset(t for t in following if isinstance(t, str))
                if _Wild.ONE_OF_PART in following or _Wild.MANY_OF_PART in following:
                    self._waiting |= _COLON
            else:
                self._waiting = frozenset().union(*(n.waiting() for n in self.nodes()))
        return self._waiting

    def starts(self) -> frozenset[str]:
        """Texts of which every member begins with one; the empty text when nothing is known."""
        if self._starts is None:
            if self.kind == "glob":
                tokens, positions = self.glob()
                known = itertools.takewhile(lambda t: isinstance(t, str), tokens)
                alone = len(positions) == 1
                self._starts = frozenset({"".join(map(str, known)) if alone else ""})
            elif self.kind == "or":
                self._starts = frozenset().union(*(n.starts() for n in self.nodes()))
            elif self.kind == "and":
                several = (n.starts() for n in self.nodes())
                self._starts = max(several, key=lambda found: min(map(len, found)))
            else:
                self._starts = frozenset({""})
        return self._starts

    def after(self, symbol: str) -> _Node:
        """The language of what may follow `symbol`."""
        if symbol not in self.waiting():
            symbol = _OTHER
        found = self._after.get(symbol)
        if found is None:
            found = self._after[symbol] = self._derive(symbol)
        return found

    def _derive(self, symbol: str) -> _Node:
        if self.kind == "glob":
            tokens, positions = self.glob()
            moved: set[int] = set()
            for p in positions:
                token = tokens[p] if p < len(tokens) else None
                if token is _Wild.MANY or (token is _Wild.MANY_OF_PART and symbol != ":"):
                    moved.add(p)
                elif token in {_Wild.ONE, symbol} or (token is _Wild.ONE_OF_PART and symbol != ":"):
                    moved.add(p + 1)
            return _leaf(tokens, moved)
        parts = [n.after(symbol) for n in self.nodes()]
        if self.kind == "not":
            return _negate(parts[0])
        return _both(parts) if self.kind == "and" else _either(parts)


_interned: WeakValueDictionary[tuple[object, ...], _Node] = WeakValueDictionary()


def _node(kind: str, operands: tuple[object, ...], *, nullable: bool) -> _Node:
    key = (kind, frozenset(operands)) if kind in {"and", "or"} else (kind, operands)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = _Node(kind, operands, nullable=nullable)
    return found


def _leaf(tokens: tuple[_Piece, ...], positions: Iterable[int]) -> _Node:
    """The texts that `tokens` match from any of `positions` on."""
    reached = set(positions)
    # A star may stand for nothing: what follows it is reached too.
    for p in sorted(reached):
        while p < len(tokens) and tokens[p] in _STARS:
            p += 1  # noqa: PLW2901 - stars of two kinds may stand side by side
            reached.add(p)
    if not reached:
        return _NOTHING
    # Whatever can be read from before a star can be read from the star, which swallows the rest.
    stars = [p for p in reached if p < len(tokens) and tokens[p] is _Wild.MANY]
    first = max(stars, default=min(reached))
    kept = tuple(sorted(p - first for p in reached if p >= first))
    rest = tokens[first:]
    return _node("glob", (rest, kept), nullable=len(rest) in kept)


_NOTHING = _node("glob", ((), ()), nullable=False)
_EVERYTHING = _leaf((_Wild.MANY,), {0})


def _negate(node: _Node) -> _Node:
    """The complement, with `not` before globs only."""
    if node is _NOTHING:
        return _EVERYTHING
    if node is _EVERYTHING:
        return _NOTHING
    if node.kind == "not":
        return node.nodes()[0]
    if node.kind == "glob":
        return _node("not", (node,), nullable=not node.nullable)
    negated = [_negate(n) for n in node.nodes()]
    return _either(negated) if node.kind == "and" else _both(negated)


def _combine(kind: str, parts: Iterable[_Node], neutral: _Node, absorbing: _Node) -> _Node:
    """`and` or `or` of `parts`, made small by what holds of every Boolean algebra."""
    other = "or" if kind == "and" else "and"
    flat: dict[_Node, None] = {}
    for part in parts:
        for node in part.nodes() if part.kind == kind else (part,):
            flat[node] = None
    if absorbing in flat:
        return absorbing
    flat.pop(neutral, None)
    opposite = {n.nodes()[0] if n.kind == "not" else _negate(n) for n in flat if n.kind != other}
    if any(n in opposite for n in flat):
        return absorbing
    for node in [n for n in flat if n.kind == other]:
        members = node.nodes()
        if any(m in flat for m in members):
            del flat[node]  # absorption: a & (a | b) = a
        elif any(m in opposite for m in members):
            del flat[node]
            rest = [m for m in members if m not in opposite]
            smaller = _either(rest) if other == "or" else _both(rest)
            return _combine(kind, [*flat, smaller], neutral, absorbing)
    if not flat:
        return neutral
    if len(flat) == 1:
        return next(iter(flat))
    nullable = (all if kind == "and" else any)(n.nullable for n in flat)
    return _node(kind, tuple(flat), nullable=nullable)


def _both(parts: Iterable[_Node]) -> _Node:
    return _combine("and", parts, _EVERYTHING, _NOTHING)


def _either(parts: Iterable[_Node]) -> _Node:
    return _combine("or", parts, _NOTHING, _EVERYTHING)


class LanguageTooLargeError(Exception):
    """A question about globs needs more states than are allowed: it stays undecided."""


_MOST_STATES = 200_000
"""Real policies need hundreds; many globs that begin with `*` could need more than there are."""

_FILLERS = "x0a1b2c3d4e5f6g7h8i9jklmnopqrstuvwyz-_.XYZ"


def _other_than(waiting: frozenset[str]) -> str:
    """A readable character that is not in `waiting`."""
    readable = (c for c in _FILLERS if c not in waiting)
    return next(readable, None) or next(
        c for code in range(0xA1, 0xA1 + len(waiting) + 1) if (c := chr(code)) not in waiting
    )


@lru_cache(maxsize=4096)
def _shortest(node: _Node) -> str | None:
    """The shortest member, or None; breadth first.

    Raises LanguageTooLargeError when that takes too many states.
    """
    came: dict[_Node, tuple[_Node, str] | None] = {node: None}
    queue = deque([node])
    while queue:
        state = queue.popleft()
        if state is _NOTHING:
            continue
        if state.nullable:
            text: list[str] = []
            step = came[state]
            while step is not None:
                text.append(step[1])
                step = came[step[0]]
            return "".join(reversed(text))
        waiting = state.waiting()
        for symbol in (_other_than(waiting), *sorted(waiting)):
            following = state.after(symbol)
            if following not in came:
                came[following] = (state, symbol)
                queue.append(following)
        if len(came) > _MOST_STATES:
            raise LanguageTooLargeError(f"more than {_MOST_STATES} states")
    return None


class Language:
    """A set of texts. Immutable; `==` means 'the same texts'."""

    __slots__ = ("_node",)

    def __init__(self, node: _Node) -> None:
        self._node = node

    @staticmethod
    @lru_cache(maxsize=4096)
    def glob(pattern: str) -> Language:
        """The texts that an IAM glob matches, case-sensitively."""
        return Language(_leaf(_tokens(pattern), {0}))

    @staticmethod
    def arn(pattern: str) -> Language:
        """The ARNs that a pattern of ArnLike matches: its six parts are compared one by one.

        Only in the last do wildcards reach over a colon (IAM User Guide, "IAM JSON policy
        elements: Condition operators"). `*` alone matches everything.
        """
        if pattern == "*":
            return Language.everything()
        tokens: list[_Piece] = []
        for number, part in enumerate(pattern.split(":", _ARN_PARTS - 1)):
            last = number == _ARN_PARTS - 1
            tokens += [":"] if number else []
            tokens += [t if last or isinstance(t, str) else _OF_PART[t] for t in _tokens(part)]
        return Language(_leaf(tuple(tokens), {0}))

    @staticmethod
    def literal(text: str) -> Language:
        """`text` alone: `*` and `?` in it are these characters."""
        return Language(_leaf(_symbols(text), {0}))

    @staticmethod
    def everything() -> Language:
        """All texts."""
        return Language(_EVERYTHING)

    @staticmethod
    def nothing() -> Language:
        """No text."""
        return Language(_NOTHING)

    @staticmethod
    def any_of(patterns: Iterable[str]) -> Language:
        """The texts that at least one of the globs matches."""
        return Language(_either(Language.glob(p)._node for p in patterns))  # noqa: SLF001 - own

    def __and__(self, other: Language) -> Language:
        return Language(_both((self._node, other._node)))

    def __or__(self, other: Language) -> Language:
        return Language(_either((self._node, other._node)))

    def __sub__(self, other: Language) -> Language:
        return Language(_both((self._node, _negate(other._node))))

    def __invert__(self) -> Language:
        return Language(_negate(self._node))

    def __contains__(self, text: str) -> bool:
        node = self._node
        for symbol in _symbols(text):
            node = node.after(symbol)
        return node.nullable

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Language):
            return NotImplemented
        return self.issubset(other) and other.issubset(self)

    __hash__ = None  # type: ignore[assignment]  # equal languages may be different expressions

    def __repr__(self) -> str:
        return f"Language({self.witness()!r}, ...)" if not self.is_empty() else "Language()"

    def apart(self, other: Language) -> bool:
        """Whether the beginnings alone show that no text is in both. Quick; False says nothing."""
        return not any(
            mine.startswith(theirs) or theirs.startswith(mine)
            for mine in self._node.starts()
            for theirs in other._node.starts()
        )

    def is_empty(self) -> bool:
        """Whether there is no such text."""
        return _shortest(self._node) is None

    def witness(self, prefer: Iterable[str] = ()) -> str | None:
        """One member: the first of `prefer` that is one, else the shortest; None when empty."""
        return next((text for text in prefer if text in self), None) or _shortest(self._node)

    def issubset(self, other: Language) -> bool:
        """Whether every text of this one is in `other`."""
        return (self - other).is_empty()

    def overlaps(self, other: Language) -> bool:
        """Whether some text is in both."""
        return not (self & other).is_empty()
