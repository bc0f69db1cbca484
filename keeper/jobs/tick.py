"""Have the clearinghouse take the oracle's newer prices over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.job import Call
from specs import virtual_pnl
from specs.accounts import USDC
from specs.fixed_point import Wad
from specs.packing import CURSOR, MARK, QUOTE, unpack

INTERVAL: Final = 10  # seconds
CROSSINGS: Final = 768
"""Entry ticks that one call may cross, in all its markets: some ten million gas."""

PASSES: Final = 32
"""How often a round goes on while a cursor is behind its mark."""


@dataclass(frozen=True)
class Snapshot:
    """When prices were published and taken, and each market's cursor and mark."""

    published_assets: Mapping[int, int]
    published_markets: Mapping[int, int]
    taken_assets: Mapping[int, int]
    taken_markets: Mapping[int, int]
    cursors: Mapping[int, int] = field(default_factory=dict)
    """Prices for interest, WAD USDC."""
    marks: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Tick:
    """
    Send ``tick`` for what the oracle knows better, and again, for the markets alone,
    while a cursor has not come to its mark.
    """

    clearinghouse: Contract
    oracle: Contract
    assets: Sequence[int]
    markets: Sequence[int]
    crossings: int = CROSSINGS
    interval: int = INTERVAL
    passes: int = PASSES
    name: str = field(default="tick", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read the times of all prices, and where the cursors are."""

        def ask(contract: Contract, method: str, number: int) -> int:
            answer = chain.call(contract, method, number, block=block.number)
            return int(answer[2] if contract is self.oracle else answer)

        assets = [asset for asset in self.assets if asset != USDC]
        oracle, home = self.oracle, self.clearinghouse
        quotes = {m: unpack(ask(home, "market_quote", m), MARK) for m in self.markets}
        return Snapshot(
            published_assets={a: ask(oracle, "feed", a) for a in assets},
            published_markets={m: ask(oracle, "mark", m) for m in self.markets},
            taken_assets={
                a: unpack(ask(home, "quote", a), QUOTE)["time"] for a in assets
            },
            taken_markets={m: quote["time"] for m, quote in quotes.items()},
            cursors={
                m: unpack(ask(home, "market_cursor", m), CURSOR)["price"]
                for m in self.markets
            },
            marks={m: quote["slow"] for m, quote in quotes.items()},
        )

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Take over what is newer and move the cursors that are behind, if any."""
        assets = newer(snapshot.published_assets, snapshot.taken_assets)
        fresh = newer(snapshot.published_markets, snapshot.taken_markets)
        late = behind(snapshot.cursors, snapshot.marks)
        markets = sorted({*fresh, *late})
        if not assets and not markets:
            return []
        because = f"{len(assets)} prices and {len(fresh)} marks are newer"
        if late:
            because += f", {len(late)} cursors are behind"
        crossings = max(1, self.crossings // max(1, len(markets)))
        arguments = (assets, markets, crossings)
        return [Call(self.clearinghouse, "tick", arguments, because)]


def newer(published: Mapping[int, int], taken: Mapping[int, int]) -> list[int]:
    """Return what was published later than it was last taken over, in order."""
    return sorted(n for n, time in published.items() if time > taken.get(n, 0))


def behind(cursors: Mapping[int, int], marks: Mapping[int, int]) -> list[int]:
    """Return the markets whose cursor is not where their mark is, in order."""
    return sorted(
        market
        for market, mark in marks.items()
        if cursors[market] != virtual_pnl.clamp(Wad(mark))
    )
