"""
Layer 3 of a realisation that is repeated in the same second: the second pays nothing.

Of the first is known what `step.settlement.realise` shows of it, from any state and of
any position; the second is run from what that leaves.
"""

from collections.abc import Callable

from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.sequence import Chain, Done, Stage
from tests.proofs.steps.perp_cuts import TRADE_CODE, fund, funds, position
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.trades import REALISE
from tests.proofs.summary import Call
from tests.proofs.transition import Transition

_SETTLEMENT = "contracts/modules/settlement.vy"
Name = Callable[[str], Term]


def _first(name: Name, _: list[Done]) -> list[Term]:
    return [*map(name, ("market", "account", "risk", "mark")), *map(name, POOL)]


def _second(name: Name, done: list[Done]) -> list[Term]:
    return [*done[-1].given[:4], *done[-1].returned]


def _pays_nothing(step: Transition, first: Done, second: Done) -> None:
    """Show that position and fund are left as the first realisation left them."""
    market, account = first.given[:2]
    between = Call(
        REALISE.function,
        step.lifted,
        step.slots,
        dict(zip(REALISE.arguments, first.given, strict=True)),
        second.returned,
        first.left,
        second.left,
    )
    step.assume(between.number(_initially(step, "positions", account, market)) != 0)
    words = between.word_before, between.word_after
    old, new = (position(between, word("positions", account, market)) for word in words)
    backing, left = (fund(between, word("market_fund", market)) for word in words)
    before, after = (funds(between, word("funds")) for word in words)
    step.holds(new.lots == old.lots, "the size stays")
    step.holds(left.balance == backing.balance, "the fund neither pays nor gets")
    step.holds(new.basis == old.basis, "the basis stays")
    step.holds(after.high == before.high, "all funds stay")


def _initially(step: Transition, name: str, *keys: Term) -> Term:
    return Done([], [], []).left(step.at(name, *keys))


PROOFS = (
    Chain(
        "step.sequence.realise_and_realise",
        "Who is realised twice at one mark in one second is paid and pays nothing the "
        "second time: size, basis and funds stay.",
        TRADE_CODE,
        (
            Stage("settlement._realise", _first, is_answered=True),
            Stage("settlement._realise", _second),
        ),
        _pays_nothing,
        (
            Mutant(
                _SETTLEMENT,
                """mark, index
    )
    paid: int256 = self._pay(market, gain)
""",
                """mark, index
    )
    paid: int256 = self._pay(market, gain - 1)
""",
            ),
        ),
        (Fields, Integers),
        (REALISE.cut, *(summary.cut for summary in REALISE.cuts)),
        ("I25", "I26"),
    ),
)
