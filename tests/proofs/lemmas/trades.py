"""
Lemmas of trades: what a trade changes, on the way from position to fund and balance.

The whole of ``specs.settlement.exchange`` is run, on a state with one account.
"""

import importlib
import random
from dataclasses import replace
from types import ModuleType
from typing import Any

from specs.fixed_point import WAD, signed_mul_div_up
from tests.proofs.lemma import Argument, Fact, Lemma
from tests.proofs.proof import Mutant

_LOT = 10**12


def _trade(module: ModuleType, *numbers: Any) -> Any:
    """Return the market and the position after a trade."""
    held, basis, lots, price, fund, index = numbers
    # Of the sources that the specification is of, which may be those of a mutant.
    laws = importlib.import_module("tests.proofs.laws.settlement")
    before = laws.state_of(laws.Position(held, basis), 0, fund, 0, price)
    funding = replace(before.markets[0].funding, index=index)
    market = replace(before.markets[0], funding=funding)
    before = replace(before, markets={0: market})
    after = module.exchange(before, 0, laws.ONE, lots, price, 0)
    position = after.accounts[laws.ONE].positions.get(0, laws.Position())
    return after.markets[0], position


def a_trade_leaves_a_fund_what_positions_are_worth(
    argument: Argument, found: Any, *numbers: Any
) -> None:
    """Show it of size, basis and open interest, whatever is paid of the gain."""
    held, basis, lots, price, fund, index = numbers
    market, position = found
    paid = fund - market.fund.balance
    distance = price - index
    size = lots * _LOT if distance >= 0 else -lots * _LOT
    cost = signed_mul_div_up(size, abs(distance), WAD)
    grown = max(0, held + lots) - max(0, held)
    for value, expected, claim in (
        (position.lots, held + lots, "the size moves by what is traded"),
        (position.basis, basis + cost + paid, "the basis by its cost and what is paid"),
        (market.open_interest, grown, "open interest by what longs grow"),
    ):
        argument.show(value, expected, claim=f"{claim}, no more")
        argument.show(expected, value, claim=f"{claim}, no less")


def _is_trade(*numbers: Any) -> list[Fact]:
    held, _, lots, price, fund, _ = numbers
    return [
        *(Fact(-(2**50), size) for size in (held, lots)),
        *(Fact(size, 2**50) for size in (held, lots)),
        Fact(1, price),
        Fact(0, fund),
    ]


def _sample(source: random.Random) -> tuple[int, ...]:
    def amount(bits: int) -> int:
        return source.choice([0, 1, source.getrandbits(source.randint(1, bits))])

    held, lots = (source.choice([1, -1]) * amount(49) for _ in range(2))
    closing = source.choice([lots, -held, -held // 2])
    signed = (source.choice([1, -1]) * amount(80) for _ in range(2))
    return held, next(signed), closing, 1 + amount(80), amount(90), next(signed)


PROOFS = (
    Lemma(
        "specs.settlement",
        "a_trade_leaves_a_fund_what_positions_are_worth",
        "Fund and position together change by the trade's cost alone, whatever of its "
        "gain is paid; open interest by what longs grow.",
        ("held", "basis", "lots", "price", "fund", "index"),
        _is_trade,
        _trade,
        a_trade_leaves_a_fund_what_positions_are_worth,
        _sample,
        tuple(
            Mutant("specs/settlement.py", old, new)
            for old, new in (
                (
                    "    position = perpetual.settle(traded.position, paid)\n",
                    "    position = perpetual.settle(traded.position, traded.gain)\n",
                ),
                (
                    "grown = max(0, traded.position.lots) - max(0, old.lots)\n",
                    "grown = abs(traded.position.lots) - abs(old.lots)\n",
                ),
            )
        ),
        serves=("I19", "I20", "I24"),
    ),
)
