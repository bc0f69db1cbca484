"""Layer 3 of the tick set: what entries and sizes do to a market's sums."""

import z3

from specs.grid import MAX_TICK
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    TRADE_CODE,
    At,
    Reading,
    Small,
    Words,
    also_in,
    gain_keys,
    gain_words,
    larger,
    open_interest,
    signed,
    unsigned,
    view,
)
from tests.proofs.summary import Call, Facts, Summary, nothing

_TICKS = "contracts/modules/tick_set.vy"
_VIRTUAL = "contracts/modules/virtual_pnl.vy"
_GRID = "contracts/modules/grid.vy"
_SETTLEMENT = "contracts/modules/settlement.vy"
_LINEAR = (Fields, Integers)


# The grid

TOP_BIT = view("grid._top_bit", 1, 1)
PRICE = Summary("grid._price", ("tick",), "", nothing, (), results=1, is_pure=True)
WEIGHT = Summary(
    "weights._compute_weight",
    ("index",),
    "",
    nothing,
    (),
    results=1,
    is_pure=True,
)


def _is_tick(call: Call) -> Facts:
    return [("it is a tick of the grid", call.result() <= MAX_TICK)]


DOWN = Summary(
    "grid._down",
    ("price",),
    "A price is never rounded down beyond the last tick.",
    _is_tick,
    (Mutant(_GRID, "return min(tick, MAX_TICK)", "return tick"),),
    results=1,
    is_pure=True,
    cuts=(TOP_BIT,),
    theories=_LINEAR,
    serves=("I20",),
)
UP = Summary(
    "grid._up",
    ("price",),
    "A price is never rounded up beyond the last tick.",
    _is_tick,
    (Mutant(_GRID, "if tick == MAX_TICK or self", "if self"),),
    results=1,
    is_pure=True,
    cuts=(DOWN, PRICE),
    theories=_LINEAR,
    serves=("I20",),
)
COMPUTE_ENTRY = Summary(
    "virtual_pnl._compute_entry",
    ("lots", "basis", "exponent", "funding_index"),
    "An entry is a tick of the grid.",
    _is_tick,
    (
        Mutant(
            _VIRTUAL,
            "return grid._up(convert(max(units, 0), uint256))",
            "return grid._up(convert(max(units, 0), uint256)) + 1",
        ),
    ),
    results=1,
    is_pure=True,
    cuts=(
        UP,
        DOWN,
        view("fixed_point._signed_mul_div_up", 3, 1),
        view("fixed_point._signed_mul_div_down", 3, 1),
    ),
    theories=_LINEAR,
    serves=("I20",),
)
NEW_ENTRY = Small(
    "settlement._new_entry",
    ("market", "lots", "basis", "risk", "index"),
    "An entry fits its field of a position.",
    lambda call: [("it is a tick, plus one, or none", call.result() <= MAX_TICK + 1)],
    (
        Mutant(
            _SETTLEMENT,
            "return virtual_pnl._compute_entry(lots, basis, exponent, index) + 1",
            "return virtual_pnl._compute_entry(lots, basis, exponent, index) + 2",
        ),
    ),
    results=1,
    bits=24,
    cuts=(COMPUTE_ENTRY, view("virtual_pnl._is_at_mark", 1, 1)),
    theories=_LINEAR,
    serves=("I20",),
)


# Gains and losses


def _gains_are_exact(call: Call) -> Facts:
    market = call.term("market")
    price = unsigned(call, call.word_before("market_cursor", market), 176, 80)
    places = constant(12)
    power = build("exp", constant(10), build("sub", call.term("exponent"), places))
    facts = []
    for index, name in enumerate(("market_winners", "market_size")):
        word = call.word_before(name, market)
        sum_of = price * signed(call, word, 64, 64) + signed(call, word, 128, 128)
        facts.append(
            (
                f"{name}: price * lots + cost, scaled",
                call.result(index) == sum_of * call.number(power),
            )
        )
    return facts


GAINS = Summary(
    "tick_set._gains",
    ("market", "exponent"),
    "What winners have gained and losers lost is (price * lots + cost) of their sums, "
    "times the lot, exactly; so it depends on the exponent, the cursor and these sums.",
    _gains_are_exact,
    (
        Mutant(
            _TICKS,
            "price * self._lots(losers) + self._cost(losers)",
            "price * self._lots(losers) + self._cost(winners)",
        ),
    ),
    results=2,
    theories=(Integers,),
    serves=("I20", "I24"),
)


def _gain_words(asked: Asked) -> Answer:
    market, exponent = asked.arguments
    names = ("market_cursor", "market_winners", "market_size")
    words = (asked.read(asked.at(name, market)) for name in names)
    return Answer(gain_words(gain_keys(exponent, *words)))


class _Gains(Summary):
    """`GAINS` as callers need it: a function of words that is not spelled out."""

    @property
    def cut(self) -> Cut:
        return Cut(self.function, _gain_words, (self.function,))


GAINS_OF_WORDS = _Gains("tick_set._gains", ("market", "exponent"), "", lambda c: [], ())

# Sizes at ticks


def entry_tick(word: Term) -> Term:
    """Return the entry tick in a position's word, as contracts read it."""
    entry = build("and", constant(2**24 - 1), word)
    return build("sub", entry, constant(1))


def tick_words(at: At, market: Term, tick: Term) -> list[Term]:
    return [
        at("tick_size", market, tick),
        at("tick_map", market, build("shr", constant(8), tick)),
        at("tick_map", market, constant(256)),
        at("market_winners", market),
        at("market_size", market),
    ]


def _sizes_change(call: Call) -> Facts:
    market, tick = call.term("market"), call.term("tick")
    lots, is_long = call.argument("lots", True), call.argument("is_long") == 1
    words = call.word_before, call.word_after
    old, new = (word("tick_size", market, tick) for word in words)
    longs = unsigned(call, new, 64, 64) - unsigned(call, old, 64, 64)
    shorts = unsigned(call, new, 0, 64) - unsigned(call, old, 0, 64)
    sums = [[word(name, market) for word in words] for name in _SUMS]
    (won, paid), (lost, owed) = (
        [
            signed(call, after, offset, width) - signed(call, before, offset, width)
            for offset, width in ((64, 64), (128, 128))
        ]
        for before, after in sums
    )
    before, after = sums[1]
    fits = call.number(old) < 2**128
    moved = z3.If(is_long, z3.And(longs == lots, shorts == 0), shorts == -lots)
    return [
        ("sizes are two fields, and no more", call.number(new) < 2**128),
        ("the side given moves by the lots", z3.Implies(fits, moved)),
        ("longs stay if it is shorts", z3.Or(is_long, z3.Not(fits), longs == 0)),
        (
            "either sum moves by them, and the other stays",
            z3.Or(
                z3.And(won == lots, lost == 0, owed == 0),
                z3.And(lost == -lots, won == 0, paid == 0),
            ),
        ),
        (
            "open interest stays",
            open_interest(call, after) == open_interest(call, before),
        ),
    ]


_SUMS = ("market_winners", "market_size")
CHANGE = Summary(
    "tick_set._change",
    ("market", "tick", "is_long", "lots"),
    "Sizes at a tick move by the lots given, and so does the sum of those that win or "
    "of those that lose, not both; open interest, in the same word, stays.",
    _sizes_change,
    (
        Mutant(
            _TICKS,
            "self._add(state.market_size[market], -lots, cost)",
            "self._add(state.market_size[market], lots, -cost)",
        ),
        Mutant(_TICKS, "        | (word & _LOW_64)\n", ""),
    ),
    lambda at, words: tick_words(at, words["market"], words["tick"]),
    needs=lambda call: [("a side is yes or no", call.argument("is_long") <= 1)],
    cuts=(PRICE,),
    theories=_LINEAR,
    serves=("I13", "I19", "I20"),
)


def moved_words(at: At, words: Words) -> list[Term]:
    """Return what a position writes that moves from ``entry`` to ``new_entry``."""
    market = words["market"]
    ticks = (build("sub", words[name], constant(1)) for name in ("entry", "new_entry"))
    places = [place for tick in ticks for place in tick_words(at, market, tick)]
    return [*dict.fromkeys(places), at("snapshots", words["account"], market)]


def _open_interest_stays(call: Call) -> Facts:
    market = call.term("market")
    words = (w("market_size", market) for w in (call.word_before, call.word_after))
    before, after = (open_interest(call, word) for word in words)
    return [("open interest stays", before == after)]


def sizes_follow(call: Call) -> Facts:
    """Say that a tick loses what left it, and has what came to it."""
    market = call.term("market")
    entry, new_entry = call.argument("entry"), call.argument("new_entry")
    held, lots = call.argument("held", True), call.argument("lots", True)
    facts = []
    for name in ("entry", "new_entry"):
        place = call.argument(name)
        tick = build("sub", call.term(name), constant(1))
        old = call.word_before("tick_size", market, tick)
        new = call.word_after("tick_size", market, tick)
        for side, offset, sign in (("longs", 64, 1), ("shorts", 0, -1)):
            change = unsigned(call, new, offset, 64) - unsigned(call, old, offset, 64)
            came = z3.If(place == new_entry, larger(sign * lots, 0), 0)
            went = z3.If(place == entry, larger(sign * held, 0), 0)
            fits = z3.And(place != 0, call.number(old) < 2**128)
            facts.append((f"{side} at {name}", z3.Implies(fits, change == came - went)))
    return facts


MOVE = Summary(
    "virtual_pnl._move",
    ("account", "market", "held", "entry", "lots", "new_entry", "lend", "borrow"),
    "A position that moves between ticks leaves the one with all its lots and comes to "
    "the other; beside them the market's sums and its own snapshot are written, and "
    "open interest stays.",
    lambda call: [*_open_interest_stays(call), *sizes_follow(call)],
    (
        Mutant(
            _VIRTUAL,
            "state.snapshots[account][market] = (lend",
            "state.snapshots[market][account] = (lend",
        ),
        Mutant(
            _VIRTUAL,
            "entry == new_entry and (held > 0) == (lots > 0)",
            "entry == new_entry",
        ),
    ),
    moved_words,
    cuts=(
        CHANGE,
        view("tick_set._earned", 5, 2),
        WEIGHT,
    ),
    theories=_LINEAR,
    serves=("I13", "I19"),
)

# Interest that is pending

PENDING = Reading(
    "virtual_pnl._pending",
    ("account", "market", "word", "exponent", "lend_index", "borrow_index"),
    "What a position has earned and owes depends on its word, the indices, the "
    "market's "
    "cursor and growth, that of its tick and its own snapshot, and on nothing else.",
    lambda call: [],
    (
        Mutant(
            _VIRTUAL,
            "seen: uint256 = state.snapshots[account][market]",
            "seen: uint256 = state.snapshots[account][0]",
        ),
    ),
    results=2,
    cuts=(PRICE, WEIGHT),
    theories=_LINEAR,
    serves=("I3", "I13"),
    reads=lambda at, words: [
        at("market_cursor", words["market"]),
        at("market_growth", words["market"]),
        at("tick_growth", words["market"], entry_tick(words["word"])),
        at("snapshots", words["account"], words["market"]),
    ],
)

_SUMMARIES = (DOWN, UP, COMPUTE_ENTRY, NEW_ENTRY, GAINS, CHANGE, MOVE, PENDING)

PROOFS = tuple(
    summary.proved_in(TRADE_CODE, CONSTRUCTORS[TRADE_CODE], *also_in(summary))
    for summary in _SUMMARIES
)
