"""The small world of the random machine: who, what, and where it may start."""

from dataclasses import replace

from specs import clearinghouse as ch
from specs import liquidator
from specs.accounts import BACKSTOP_FUND, RESERVE, USDC, AccountId, Address, Settings
from specs.accounts import compute_account as account_of
from specs.authority import ORDER_VENUE
from specs.fixed_point import RAY, WAD
from specs.interest_rate import SECONDS_PER_YEAR, Curve
from specs.requirements import Haircut, Requirement
from specs.state import Cull, Limits
from specs.world import Action, World, take

GENESIS = 1_700_000_000

GOVERNOR = Address(0x60BE << 96)
VENUE = Address(0x5E11 << 96)
LIQUIDATOR = Address(0x11C7 << 96)
BOOK = Address(0xB00C << 96)
STRANGER = Address(0x57A6 << 96)
OPERATOR = Address(0x09E7 << 96)
GUARDIAN = Address(0x6A4D << 96)

LENDER, HEDGER, BULL, BEAR, BACKER, UNDERWRITER = (
    Address(number << 96) for number in (0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6)
)
OWNERS = (LENDER, HEDGER, BULL, BEAR, BACKER, UNDERWRITER)
CALLERS = (*OWNERS, GOVERNOR, VENUE, STRANGER, OPERATOR, GUARDIAN)

ACCOUNTS = (
    *(account_of(owner, 0) for owner in OWNERS),
    account_of(BULL, 1),
    account_of(UNDERWRITER, 1),
)
PROVIDERS = (account_of(BACKER, 0), account_of(UNDERWRITER, 0))
ODD_ACCOUNTS = (RESERVE, BACKSTOP_FUND, AccountId(0), account_of(STRANGER, 7))

BTC, ETH, UNLISTED = 1, 2, 31
ASSETS = (USDC, BTC, ETH)
MARKETS = (0, 1)
UNDERLYING = (BTC, ETH)

DECIMALS = {USDC: 6, BTC: 8, ETH: 18}
PRICES = {BTC: 60_000 * WAD, ETH: 2_500 * WAD}


def rate(percent):
    """Return a yearly percentage as a rate per second, in whole units of a curve."""
    per_second = RAY * percent // 100 // SECONDS_PER_YEAR
    return per_second - per_second % 10**9


def curve(base, reserve_share):
    """Return a curve that is steep enough for a machine's patience."""
    return Curve(base, rate(8), rate(300), 8 * WAD // 10, reserve_share)


CURVE = curve(rate(2), WAD // 10)
FEES = ch.Fees(maker=100, taker=400)
HAIRCUTS = {
    USDC: Haircut(10**6, 0),
    BTC: Haircut(950_000, 2_000_000_000),
    ETH: Haircut(900_000, 400_000_000),
}
REQUIREMENTS = {
    USDC: Requirement(100_000, 50_000, 0, 0),
    BTC: Requirement(150_000, 75_000, 40_000_000, 20_000_000),
    ETH: Requirement(200_000, 100_000, 40_000_000, 20_000_000),
}
PERPETUALS = (
    Requirement(13_330, 6_670, 24_940_000, 14_960_000),
    Requirement(20_000, 12_500, 127_500_000, 76_500_000),
)
LOT_EXPONENTS = (14, 15)
INTERVAL = 3600
FUND_CAPS = (5_000 * WAD, 0)
LIMITS = (
    Limits(60_000, 40_000, 3, 2_000_000_000, 100_000, 30_000),
    Limits(150_000, 100_000, 1, 0, 200_000, 50_000),
)
CULLS = (
    Cull(2_000 * WAD, 3_000 * WAD, 30_000 * WAD),
    Cull(500 * WAD, 0, 10_000 * WAD),
)
CAPS = {
    USDC: (10**6 * WAD, 20_000 * WAD),
    BTC: (10 * WAD, WAD),
    ETH: (200 * WAD, 0),
}
GUARDS = {
    USDC: (9_000, 500, 2_000, 3_000, 1_000 * WAD),
    BTC: (3_000, 500, 2_000, 3_000, WAD),
    ETH: (1_200, 500, 10_000, 3_000, WAD),
}
CALM = 10**10
"""A variance at which no market's margin is scaled."""
CROSSINGS = 64


LISTINGS = [
    *(
        Action(
            "list_asset",
            GOVERNOR,
            (asset, DECIMALS[asset], CURVE, HAIRCUTS[asset], REQUIREMENTS[asset], FEES),
        )
        for asset in ASSETS
    ),
    *(
        Action(
            "list_market",
            GOVERNOR,
            (
                market,
                UNDERLYING[market],
                LOT_EXPONENTS[market],
                INTERVAL,
                PERPETUALS[market],
                FEES,
                FUND_CAPS[market],
            ),
        )
        for market in MARKETS
    ),
]


def open_world():
    """Return a world with everything listed, and nobody in it."""
    venues = {
        VENUE: ch.TRADE_VENUE,
        LIQUIDATOR: ch.LIQUIDATION_VENUE,
        BOOK: ORDER_VENUE,
    }
    state = ch.State(governor=GOVERNOR, venues=venues)
    world = World(state, liquidator.State(LIQUIDATOR), GENESIS)
    for action in LISTINGS:
        world = take(world, action)
    return world


def own(name, account, *arguments):
    """Return an action of an account's owner."""
    return Action(name, Address(account >> 96), (account, *arguments))


def publish(prices, premium=0, variance=CALM, crossings=CROSSINGS):
    """Return the actions that publish prices and take them over."""
    return [
        Action("wait", STRANGER, (1,)),
        *(
            Action("publish", STRANGER, (asset, price, price, premium, variance))
            for asset, price in prices.items()
        ),
        Action("tick", STRANGER, (tuple(PRICES), MARKETS, crossings)),
    ]


def pledge(account, per_minute, per_hour=None, max_position=None, max_loss=None):
    """Return the pledge of an account by its owner, nearly unlimited if not told."""
    most = 10**9 * WAD
    amounts = per_minute, per_hour or most, max_position or most, max_loss or most
    return own("pledge", account, *amounts)


def trade(market, buyer, seller, lots, price):
    """Return a fill by the venue, the buyer being the maker."""
    return Action("fill_perp", VENUE, (market, buyer, seller, lots, price, True))


lender, hedger, bull, bear, backer, underwriter = ACCOUNTS[:6]

PLEDGED = [
    action
    for provider in PROVIDERS
    for action in (
        own("deposit", provider, USDC, 300_000 * 10**6),
        own("bind", provider),
    )
] + [
    pledge(PROVIDERS[0], 20_000 * WAD, 50_000 * WAD, 60_000 * WAD, 5_000 * WAD),
    pledge(PROVIDERS[1], 10**6 * WAD, 10**7 * WAD),
]
FUNDED = [
    own("deposit", lender, USDC, 50_000 * 10**6),
    own("deposit", hedger, ETH, 20 * 10**18),
    own("deposit", bull, BTC, 10**8),
    own("deposit", bear, USDC, 30_000 * 10**6),
]
GUARDED = [
    *(Action("set_caps", GOVERNOR, (asset, *CAPS[asset])) for asset in ASSETS),
    *(Action("set_guards", GOVERNOR, (asset, *GUARDS[asset])) for asset in ASSETS),
    *(Action("set_limits", GOVERNOR, (m, LIMITS[m])) for m in MARKETS),
    *(Action("set_cull", GOVERNOR, (m, CULLS[m])) for m in MARKETS),
    Action("set_guardian", GOVERNOR, (GUARDIAN,)),
]
RAISED = BTC, Haircut(990_000, 1_000_000_000), REQUIREMENTS[BTC], FEES
RISEN = 64_000 * WAD
AT_WORK = [
    *publish(PRICES),
    *PLEDGED,
    *FUNDED,
    own("deposit", account_of(BULL, 1), ETH, 10**19),
    own("borrow", hedger, USDC, 5_000 * 10**6),
    trade(0, bull, bear, 5_000, PRICES[BTC]),
    trade(1, bear, bull, 10_000, PRICES[ETH]),
    trade(1, account_of(BULL, 1), bear, 80_000, PRICES[ETH]),
    own("deposit", account_of(UNDERWRITER, 1), USDC, 10_000 * 10**6),
    trade(0, account_of(UNDERWRITER, 1), bear, 20_000, PRICES[BTC]),
]
FALLEN = PRICES[ETH] * 922 // 1000
MANY_EPOCHS = [
    *publish(PRICES),
    own("deposit", lender, USDC, 100_000 * 10**6),
    own("deposit", bear, BTC, 10 * 10**8),
    own("deposit", hedger, BTC, 10 * 10**8),
    trade(1, lender, bear, 7_000, PRICES[ETH]),
    *(
        action
        for _ in range(9)
        for action in (
            own("deposit", bull, USDC, 403 * 10**6),
            trade(1, bull, hedger, 2_000, PRICES[ETH]),
            *publish({BTC: PRICES[BTC], ETH: FALLEN}),
            Action("wait", STRANGER, (1,)),
            Action("liquidate", STRANGER, (bull,)),
            own("withdraw", bull, USDC, ch.EVERYTHING),
            *publish(PRICES),
        )
    ),
]
"""Nine liquidations that close against shorts, of which one is not touched since."""

STARTS = {
    "an empty market": [],
    "a one-wei supply": [
        *publish(PRICES),
        own("deposit", lender, ETH, 1),
        own("deposit", lender, USDC, 1),
        own("transfer", lender, account_of(LENDER, 1), USDC, 10**12 - 1),
    ],
    "100 % utilisation": [
        *publish(PRICES),
        own("deposit", lender, USDC, 10_000 * 10**6),
        own("deposit", hedger, ETH, 20 * 10**18),
        own("borrow", hedger, USDC, 10_000 * 10**6),
    ],
    "zero open interest": [
        *publish(PRICES),
        *FUNDED,
        trade(0, bull, bear, 1000, PRICES[BTC]),
        *publish({BTC: 61_000 * WAD}),
        trade(0, bear, bull, 1000, 61_000 * WAD),
    ],
    "a halted pool": [
        *publish(PRICES),
        own("deposit", backer, BTC, 10 * 10**8),
        own("bind", backer),
        pledge(backer, 10**6 * WAD),
        own("deposit", bull, ETH, 10 * 10**18),
        own("deposit", bear, BTC, 10**8),
        own("deposit", lender, USDC, 10**9),
        trade(1, bull, bear, 80_000, PRICES[ETH]),
        *publish({ETH: PRICES[ETH] // 2}),
        Action("wait", STRANGER, (1,)),
        Action("liquidate", STRANGER, (bull,)),
    ],
    "a market at work": [*AT_WORK, *GUARDED],
    "a market without limits": AT_WORK,
    "a governor who waits": [
        *AT_WORK,
        *GUARDED,
        Action("set_delay", GOVERNOR, (3600,)),
        Action("queue", GOVERNOR, (("set_asset_risk", *RAISED),)),
        Action("wait", STRANGER, (3600,)),
        Action("set_asset_risk", GOVERNOR, RAISED),
        *publish(PRICES),
    ],
    "winners and losers": [
        *AT_WORK,
        *GUARDED,
        own("set_settings", hedger, Settings(auto_borrow_settlements=False)),
        *publish({BTC: 61_000 * WAD, ETH: 2_450 * WAD}),
        trade(0, hedger, backer, 2_000, 61_000 * WAD),
        trade(1, backer, lender, 4_000, 2_450 * WAD),
        *publish({BTC: 62_500 * WAD, ETH: 2_400 * WAD}),
        trade(0, lender, backer, 3_000, 62_500 * WAD),
        Action("wait", STRANGER, (3600,)),
        *publish({BTC: RISEN, ETH: 2_600 * WAD}, premium=WAD // 200),
        Action("wait", STRANGER, (50,)),
        *publish({BTC: 60_500 * WAD, ETH: 2_520 * WAD}, crossings=1),
    ],
    "bad debt with winners": [
        *publish(PRICES),
        own("deposit", backer, BTC, 10 * 10**8),
        own("bind", backer),
        pledge(backer, 10**6 * WAD),
        own("deposit", bull, ETH, 10 * 10**18),
        own("deposit", bear, BTC, 10**8),
        own("deposit", hedger, BTC, 10**8),
        own("deposit", lender, USDC, 150_000 * 10**6),
        own("borrow", hedger, USDC, 20_000 * 10**6),
        trade(1, bull, bear, 80_000, PRICES[ETH]),
        *publish({BTC: PRICES[BTC], ETH: 2_300 * WAD}),
        Action("wait", STRANGER, (30 * 86_400,)),
        *publish({BTC: PRICES[BTC], ETH: PRICES[ETH] // 2}),
        Action("wait", STRANGER, (1,)),
        Action("liquidate", STRANGER, (bull,)),
        Action("wait", STRANGER, (50,)),
    ],
    "a debt beside a position": [
        *publish(PRICES),
        own("deposit", lender, ETH, 20 * 10**18),
        own("deposit", bear, BTC, 10**8),
        own("deposit", hedger, USDC, 16_000 * 10**6),
        own("borrow", hedger, ETH, 4 * 10**18),
        trade(0, hedger, bear, 20_000, PRICES[BTC]),
        *publish({BTC: 57_120 * WAD, ETH: PRICES[ETH]}),
        Action("wait", STRANGER, (1,)),
        Action("liquidate", STRANGER, (hedger,)),
    ],
    "a borrower in need": [
        *publish(PRICES),
        own("deposit", lender, USDC, 100_000 * 10**6),
        own("deposit", bear, USDC, 50_000 * 10**6),
        own("deposit", bull, ETH, 10 * 10**18),
        own("deposit", hedger, BTC, 10**8),
        own("borrow", hedger, USDC, 45_000 * 10**6),
        *publish({BTC: 49_600 * WAD, ETH: PRICES[ETH]}),
        Action("wait", STRANGER, (1,)),
    ],
    "a claim beside a debt": [
        *publish(PRICES),
        own("deposit", lender, USDC, 100_000 * 10**6),
        own("deposit", bear, BTC, 10**8),
        own("deposit", hedger, BTC, 10**8),
        own("deposit", bull, USDC, 3_000 * 10**6),
        trade(1, bull, bear, 16_000, PRICES[ETH]),
        *publish({BTC: PRICES[BTC], ETH: 2_750 * WAD}),
        trade(1, hedger, bull, 16_000, 2_750 * WAD),
        trade(0, bull, bear, 6_000, PRICES[BTC]),
        *publish({BTC: 45_000 * WAD, ETH: 2_750 * WAD}),
        Action("wait", STRANGER, (1,)),
        Action("liquidate", STRANGER, (bull,)),
    ],
    "a provider that has lost": [
        *publish(PRICES),
        own("deposit", backer, USDC, 300_000 * 10**6),
        own("bind", backer),
        pledge(backer, 10**6 * WAD, max_loss=10 * WAD),
        own("deposit", bear, BTC, 2 * 10**8),
        own("deposit", bull, USDC, 6_000 * 10**6),
        own("deposit", account_of(BULL, 1), USDC, 9_000 * 10**6),
        trade(1, bull, bear, 40_000, PRICES[ETH]),
        trade(1, account_of(BULL, 1), bear, 40_000, PRICES[ETH]),
        *publish({BTC: PRICES[BTC], ETH: 2_370 * WAD}),
        Action("wait", STRANGER, (1,)),
        Action("liquidate", STRANGER, (bull,)),
        *publish({BTC: PRICES[BTC], ETH: 2_300 * WAD}),
        Action("wait", STRANGER, (1,)),
    ],
    "more epochs than a touch meets": MANY_EPOCHS,
    "an asset without a price": [
        *publish({BTC: PRICES[BTC]}),
        *FUNDED,
        own("deposit", account_of(BULL, 1), ETH, 10**19),
        trade(0, bull, bear, 5_000, PRICES[BTC]),
        *publish({BTC: 61_000 * WAD}),
    ],
}


def start_at(name):
    """Return the world at one of the starts."""
    world = open_world()
    for action in STARTS[name]:
        world = take(world, action)
    return world


def at_price(world, asset):
    """Return the price of an asset that was published last, or its first one."""
    published = world.asset_prices.get(asset)
    return published.slow if published else PRICES[asset]


def with_clearing(world, **changes):
    """Return `world` with fields of its clearinghouse replaced."""
    return replace(world, clearing=replace(world.clearing, **changes))
