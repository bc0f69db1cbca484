"""
Several hundred people with leverage up to the limit, drawn by a seed.

In each market as much is held long as short, ``interest`` USDC of it. Of every hundred
traders ``LONGS`` are on the side that the crash goes against. Sizes are drawn from a
Pareto law with the exponent ``TAIL`` and scaled to the side's sum; no position is more
than ``LARGEST`` of a side. With ``is_concentrated`` the first ``WHALES`` of each side
have ``HELD`` of it instead, and the others share the rest.

The leverage of a position is drawn log-uniformly from ``LEAST`` to the market's limit
at that size, ``1/IMF(N)``, the open interest's part of it included, less ``MARGIN``: as
many are between 2 and 4 times as between 20 and 40 times, and each kind has as much of
the open interest, for size is drawn apart. What is deposited follows from both.

``TAIL``     1.2, near what is measured of wealth and of positions: a few large, most
             small.
``LARGEST``  3 % of a side, so that nobody is the market unless a variant says so.
``HELD``     three quarters for three accounts: what was seen where a venue was hurt.
``LEAST``    2: with less nobody is liquidated by half a price.
``MARGIN``   4 %: the fee of opening and the noise of the first prices.
``CAREFUL``  a fifth brings new money once, when equity is below 1.3 times the margin.
``GREEDY``   half have an order resting that takes a profit, 2 to 20 % away.
``HOLDERS``  a tenth bring BTC instead of USDC where it is listed in the path.

Beside them there are makers (``depth``), providers of the backstop, lenders, a few who
trade to and fro all the time, and some who owe: long of a spot asset for borrowed USDC,
or short of a borrowed one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from keeper.parameters import (
    ASSETS,
    MARKETS,
    AssetListing,
    MarketListing,
    find_asset,
)
from keeper.replay.actors import Actor
from keeper.replay.crowd import (
    Backstop,
    Crowd,
    Drifter,
    Holder,
    Lender,
    Opening,
    Speculator,
)
from keeper.replay.depth import MODEL, DepthMaker, Model, draw_shares
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import dynamic_margin, requirements
from specs.accounts import USDC
from specs.fixed_point import PPM, WAD, Wad
from specs.instruments import SPOT

LONGS: Final = 60
TAIL: Final = 1.2
LARGEST: Final = 0.03
WHALES: Final = 3
HELD: Final = 0.75
LEAST: Final = 2.0
MARGIN: Final = 0.04
CAREFUL: Final = 0.2
GREEDY: Final = 0.5
HOLDERS: Final = 0.1
PROFITS: Final = (20_000, 200_000)
"""How far away a profit is taken, ppm."""
OWING: Final = 6
"""How many owe at spot, in each asset."""
LONG_LIMIT: Final = 5.0
"""The highest leverage of spot bought for borrowed USDC: the haircut and the margin."""
SPOT_BASE: Final = 4
"""The book of a spot pair is measured by so many times what is owed in it."""
DRIFTERS: Final = 4


@dataclass(frozen=True)
class Population:
    """Who there is; amounts in whole USDC."""

    interest: Mapping[int, int]
    """Open interest to begin with, by market."""
    traders: int = 300
    makers: int = 3
    providers: int = 5
    backing: int = 600_000
    """Of each provider."""
    falls: bool = True
    """Whether the crash goes against longs."""
    is_concentrated: bool = False
    spots: Mapping[str, int] = field(default_factory=dict)
    """
    What is held of a spot asset for borrowed USDC, in all; below 0 what is owed of it.
    """
    model: Model = MODEL
    depth: float = 1.0
    """Of what the makers of the default model show."""
    leaves: int | None = None
    """The second in which makers leave for good."""


@dataclass(frozen=True)
class Plan:
    """What one trader is to open with."""

    market: int
    side: int
    notional: int
    """Whole USDC."""
    leverage: float


def draw_plans(
    population: Population, market: MarketListing, traders: int, random: Random
) -> Sequence[Plan]:
    """Return what the traders of a market open with; both sides add up to the same."""
    interest = population.interest[market.number]
    with_crash = max(1, min(traders - 1, round(traders * LONGS / 100)))
    plans: list[Plan] = []
    for count, side in ((with_crash, 1), (traders - with_crash, -1)):
        side = side if population.falls else -side
        for share in draw_shares_of(count, population.is_concentrated, random):
            notional = int(interest * share)
            leverage = draw_leverage(market, interest, notional, random)
            plans.append(Plan(market.number, side, notional, leverage))
    return plans


def draw_shares_of(
    count: int, is_concentrated: bool, random: Random
) -> Sequence[float]:
    """Return the share of a side that each of its traders holds; together 1."""
    drawn = [random.paretovariate(TAIL) for _ in range(count)]
    if is_concentrated and count > WHALES:
        whales, others = drawn[:WHALES], drawn[WHALES:]
        return [
            *(HELD * each / sum(whales) for each in whales),
            *((1 - HELD) * each / sum(others) for each in others),
        ]
    shares = [each / sum(drawn) for each in drawn]
    # What is cut off the largest goes to all: with few traders the cap is what it is.
    largest = max(LARGEST, 2 / count)
    shares = [min(largest, share) for share in shares]
    return [share / sum(shares) for share in shares]


def draw_leverage(
    market: MarketListing, interest: int, notional: int, random: Random
) -> float:
    """Return a leverage between ``LEAST`` and the limit for a position of a size."""
    most = max(LEAST, compute_limit(market, interest, notional))
    return float(LEAST * (most / LEAST) ** random.random())


def compute_limit(market: MarketListing, interest: int, notional: int) -> float:
    """Return the highest leverage of a position in a calm market, less ``MARGIN``."""
    fraction = dynamic_margin.compute_open_interest_fraction(
        market.limits.open_interest_factor, interest, WAD, Wad(WAD)
    )
    requirement = requirements.scale(
        market.requirement, requirements.Scales(open_interest_imf=fraction)
    )
    margin = requirements.compute_initial_margin(requirement, Wad(notional * WAD))
    return notional * WAD / margin * (1 - MARGIN)


def gather(
    population: Population, prices: Mapping[str, int], seed: int, realising: float
) -> Crowd:
    """
    Return everybody that a seed gives; ``prices`` are those at the beginning, WAD.

    A share of the traders, ``realising``, has profit and loss realised by the keeper.
    """
    random = Random(f"population/{seed}")
    makers = _makers(population, prices, seed)
    actors: list[Actor] = [*makers]
    actors += [_provider(population, seed, n) for n in range(population.providers)]
    actors += _lenders(population, prices, seed)
    openings: list[Opening] = []
    markets = [market for market in MARKETS if market.number in population.interest]
    for place, market in enumerate(markets):
        rest = population.traders % len(markets) if place == 0 else 0
        count = population.traders // len(markets) + rest
        plans = draw_plans(population, market, count, random)
        traders = [
            _trader(plan, f"{market.symbol} {n}", seed, prices, random, realising)
            for n, plan in enumerate(plans)
        ]
        actors += traders
        openings += pair(traders, plans)
    holders = _holders(population, seed)
    actors += [holder for holder, _ in holders]
    openings += [_open_spot(holder, worth, makers[0]) for holder, worth in holders]
    actors += _drifters(population, seed)
    return Crowd(actors, openings)


def pair(traders: Sequence[Speculator], plans: Sequence[Plan]) -> Sequence[Opening]:
    """Return who trades what with whom, so that everybody has what was planned."""
    left = [plan.notional for plan in plans]
    longs = [place for place, plan in enumerate(plans) if plan.side > 0]
    shorts = [place for place, plan in enumerate(plans) if plan.side < 0]
    found: list[Opening] = []
    while longs and shorts:
        buyer, seller = longs[0], shorts[0]
        worth = min(left[buyer], left[seller])
        market = plans[buyer].market
        found.append(Opening(traders[buyer], traders[seller], market, worth))
        for place, side in ((buyer, longs), (seller, shorts)):
            left[place] -= worth
            if left[place] == 0:
                side.pop(0)
    return found


def _trader(
    plan: Plan,
    name: str,
    seed: int,
    prices: Mapping[str, int],
    random: Random,
    realising: float,
) -> Speculator:
    """Return who opens with a plan, with what that takes deposited."""
    is_holder = random.random() < HOLDERS
    asset = (
        ASSETS[1] if is_holder and MARKETS[plan.market].underlying == 1 else ASSETS[0]
    )
    worth = plan.notional / plan.leverage * PPM / asset.haircut.weight
    greed = random.randint(*PROFITS) if random.random() < GREEDY else 0
    is_careful = random.random() < CAREFUL
    realises = random.random() < realising
    return Speculator(
        Wallet(f"trader {name}"),
        Random(f"{seed}/trader/{name}"),
        asset,
        to_tokens(asset, worth, prices),
        market=plan.market,
        side=plan.side,
        leverage=plan.leverage,
        take_profit=greed,
        is_careful=is_careful,
        settings=replace(acc.DEFAULT, auto_realize=realises),
    )


def _makers(
    population: Population, prices: Mapping[str, int], seed: int
) -> Sequence[DepthMaker]:
    """Return the makers, who each have as much as there is open interest."""
    spots = {find_asset(name): abs(sum_) for name, sum_ in population.spots.items()}
    bases: dict[int, int] = dict(population.interest)
    bases |= {SPOT + asset.number: SPOT_BASE * worth for asset, worth in spots.items()}
    capital = sum(population.interest.values())
    inventory = {
        asset.number: to_tokens(asset, SPOT_BASE * worth, prices)
        for asset, worth in spots.items()
    }
    return [
        DepthMaker(
            Wallet(f"maker {number}"),
            seed,
            capital,
            bases,
            share * population.depth,
            inventory,
            population.model,
            population.leaves,
        )
        for number, share in enumerate(draw_shares(population.makers, seed))
    ]


def _provider(population: Population, seed: int, number: int) -> Backstop:
    return Backstop(
        Wallet(f"provider {number}"),
        Random(f"{seed}/provider/{number}"),
        ASSETS[USDC],
        population.backing * 10**6,
    )


def _lenders(
    population: Population, prices: Mapping[str, int], seed: int
) -> Sequence[Lender]:
    """Return two lenders of every asset that anybody may have to borrow."""
    lent = {"USDC": sum(population.interest.values()) // 2}
    lent |= {name: 4 * abs(worth) for name, worth in population.spots.items()}
    return [
        Lender(
            Wallet(f"lender of {name} {number}"),
            Random(f"{seed}/lender/{name}/{number}"),
            find_asset(name),
            to_tokens(find_asset(name), worth, prices),
        )
        for name, worth in lent.items()
        for number in range(2)
    ]


def _holders(population: Population, seed: int) -> Sequence[tuple[Holder, int]]:
    """Return who owes at spot, each with what is to be bought or sold, whole USDC."""
    found = []
    for name, total in population.spots.items():
        asset, random = find_asset(name), Random(f"spots/{seed}/{name}")
        worth = abs(total) // OWING
        for number in range(OWING):
            most = PPM / asset.requirement.base_imf if total < 0 else LONG_LIMIT
            leverage = LEAST * (most * (1 - MARGIN) / LEAST) ** random.random()
            holder = Holder(
                Wallet(f"holder of {name} {number}"),
                Random(f"{seed}/holder/{name}/{number}"),
                ASSETS[USDC],
                int(worth / leverage) * 10**6,
                instrument=SPOT + asset.number,
                is_long=total > 0,
            )
            found.append((holder, worth))
    return found


def _open_spot(holder: Holder, worth: int, maker: DepthMaker) -> Opening:
    buyer, seller = (holder, maker) if holder.is_long else (maker, holder)
    return Opening(buyer, seller, holder.instrument, worth)


def _drifters(population: Population, seed: int) -> Sequence[Drifter]:
    """Return those who trade to and fro: a thousandth of the interest at a time."""
    markets = list(population.interest)
    worth = max(1_000, min(population.interest.values()) // 1_000)
    return [
        Drifter(
            Wallet(f"day trader {number}"),
            Random(f"{seed}/day trader/{number}"),
            ASSETS[USDC],
            worth * 10**7,
            instruments=markets,
            worth=worth,
        )
        for number in range(DRIFTERS)
    ]


def to_tokens(asset: AssetListing, worth: float, prices: Mapping[str, int]) -> int:
    """Return the token units of an asset that so many USDC buy."""
    price = prices.get(asset.symbol, WAD)
    units: int = int(worth * 10**6) * 10**asset.decimals
    return units * WAD // (price * 10**6)
