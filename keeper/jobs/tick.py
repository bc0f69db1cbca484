"""Have the clearinghouse take the oracle's newer prices over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.job import Call
from specs.accounts import USDC
from specs.packing import QUOTE, unpack

INTERVAL: Final = 10  # seconds


@dataclass(frozen=True)
class Snapshot:
    """When each price was published, and from when the clearinghouse's are."""

    published_assets: Mapping[int, int]
    published_markets: Mapping[int, int]
    taken_assets: Mapping[int, int]
    taken_markets: Mapping[int, int]


@dataclass(frozen=True)
class Tick:
    """Send ``tick`` for what the oracle knows better."""

    clearinghouse: Contract
    oracle: Contract
    assets: Sequence[int]
    markets: Sequence[int]
    interval: int = INTERVAL
    name: str = field(default="tick", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read the times of all prices."""

        def ask(contract: Contract, method: str, number: int) -> int:
            answer = chain.call(contract, method, number, block=block.number)
            if contract is self.oracle:
                return int(answer[2])
            return unpack(answer, QUOTE)["time"]

        assets = [asset for asset in self.assets if asset != USDC]
        oracle, home = self.oracle, self.clearinghouse
        return Snapshot(
            published_assets={a: ask(oracle, "feed", a) for a in assets},
            published_markets={m: ask(oracle, "mark", m) for m in self.markets},
            taken_assets={a: ask(home, "quote", a) for a in assets},
            taken_markets={m: ask(home, "market_quote", m) for m in self.markets},
        )

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Take over what is newer, if anything is."""
        assets = newer(snapshot.published_assets, snapshot.taken_assets)
        markets = newer(snapshot.published_markets, snapshot.taken_markets)
        if not assets and not markets:
            return []
        because = f"{len(assets)} prices and {len(markets)} marks are newer"
        return [Call(self.clearinghouse, "tick", (assets, markets), because)]


def newer(published: Mapping[int, int], taken: Mapping[int, int]) -> list[int]:
    """Return what was published later than it was last taken over, in order."""
    return sorted(n for n, time in published.items() if time > taken.get(n, 0))
