"""Who plays which role, for a number of accounts and a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from keeper.errors import UserError
from keeper.parameters import MARKETS, find_asset
from keeper.replay.actors import Actor
from keeper.replay.makers import Maker
from keeper.replay.roles import BasisTrader, Lender, Provider, Trader
from keeper.replay.wallets import Wallet
from specs.accounts import AccountId

FEWEST: Final = 8
MOST: Final = 2_000

# What lenders bring, in whole units, one after the other.
LENT: Final = (
    ("USDC", 400_000),
    ("BTC", 30),
    ("ETH", 400),
    ("USDC", 250_000),
    ("SOL", 9_000),
    ("USDT", 150_000),
)

# The share of the largest possible position that traders open with, in percent.
LEVELS: Final = (98, 55, 90, 30, 75, 97, 15, 65, 85, 45)

# In one of how many ticks traders do something with what they have open.
PATIENCE: Final = (1, 40, 8, 40)

# What traders bring as collateral: mostly USDC, sometimes what they bet on.
COLLATERALS: Final = ("USDC", "USDC", "BTC", "USDC", "ETH", "USDC", "SOL")


@dataclass(frozen=True)
class Cast:
    """All participants, the maker among them."""

    maker: Maker
    actors: Sequence[Actor]

    @property
    def accounts(self) -> dict[AccountId, str]:
        """Return the role of every account."""
        return {actor.account: actor.role for actor in self.actors}

    @property
    def wallets(self) -> Sequence[Wallet]:
        """Return every wallet once."""
        return list(dict.fromkeys(actor.wallet for actor in self.actors))


def cast(accounts: int, seed: int, auto_realize: float = 0.5) -> Cast:
    """
    Return the participants who hold as many accounts between them.

    One maker, one basis trader, two to six providers, a quarter lenders, the rest
    traders, three of five of them long. A share of the accounts, drawn by the seed, has
    its profit and loss realised by the keeper; the maker's is the last to. Raise
    `UserError` for a number that is too small to fill the roles, or absurd.
    """
    if not FEWEST <= accounts <= MOST:
        raise UserError(
            f"--accounts: {accounts} is not between {FEWEST} and {MOST}; "
            "every role has to be filled"
        )
    if not 0 <= auto_realize <= 1:
        raise UserError(f"--auto-realize: {auto_realize} is not between 0 and 1")
    providers = min(6, 2 + accounts // 60)
    lenders = max(2, accounts // 4)
    traders = accounts - providers - lenders - 2
    random = Random(f"cast/{seed}")
    maker = Maker(Wallet("maker"), seed, capital=1_500_000 + 60_000 * traders)
    actors: list[Actor] = [maker]
    actors += [
        Provider(
            Wallet(f"provider {i}"), maker, _generator(seed, "provider", i), 400_000
        )
        for i in range(providers)
    ]
    actors += [_lender(maker, seed, i, lenders) for i in range(lenders)]
    basis = Wallet("basis trader"), maker, _generator(seed, "basis trader", 0)
    actors.append(BasisTrader(*basis, market=0, capital=120_000))
    actors += [_trader(maker, random, seed, i) for i in range(traders)]
    others = actors[1:]
    _generator(seed, "auto-realize", 0).shuffle(others)
    for actor in [*others, maker][: round(auto_realize * accounts)]:
        actor.settings = replace(actor.settings, auto_realize=True)
    return Cast(maker, actors)


def _lender(maker: Maker, seed: int, index: int, lenders: int) -> Lender:
    """Return a lender; two lend from one wallet, and move funds between them."""
    symbol, units = LENT[index // 2 % len(LENT)]
    asset = find_asset(symbol)
    number = index % 2
    is_paired = index - number + 1 < lenders
    return Lender(
        Wallet(f"lender {index // 2}"),
        maker,
        _generator(seed, "lender", index),
        asset=asset,
        tokens=units * 10**asset.decimals,
        number=number,
        other=1 - number if is_paired else None,
    )


def _trader(maker: Maker, random: Random, seed: int, index: int) -> Trader:
    side = 1 if index % 5 in (0, 1, 3) else -1
    asset = find_asset(COLLATERALS[index % len(COLLATERALS)])
    equity = random.randint(5_000, 60_000)
    prices = {"USDC": 1, "BTC": 26_000, "ETH": 1_700, "SOL": 20}
    return Trader(
        Wallet(f"trader {index}"),
        maker,
        _generator(seed, "trader", index),
        market=MARKETS[index % len(MARKETS)].number,
        side=side,
        fraction=LEVELS[index % len(LEVELS)],
        collateral=asset,
        tokens=equity * 10**asset.decimals // prices[asset.symbol],
        is_careful=index % 4 == 2,
        patience=PATIENCE[index % len(PATIENCE)],
    )


def _generator(seed: int, role: str, index: int) -> Random:
    return Random(f"{seed}/{role}/{index}")
