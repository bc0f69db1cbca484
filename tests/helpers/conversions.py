"""Who has to be converted, and sales of what they have."""

from specs import conversion
from specs.accounts import USDC, Settings
from specs.clearinghouse import assess, get_held, get_owed
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.requirements import Haircut, Requirement
from specs.world import Action, take
from tests.helpers.worlds import (
    BTC,
    BULL,
    ETH,
    FEES,
    GOVERNOR,
    HAIRCUTS,
    PRICES,
    REQUIREMENTS,
    STRANGER,
    UNDERLYING,
    VENUE,
    backer,
    bear,
    bull,
    lender,
    own,
    publish,
    trade,
)

PRICE = PRICES[BTC]
MILLION = 10**6 * 10**6
"""A million USDC in token units."""
CAUTIOUS = Settings(auto_borrow_settlements=False, auto_realize=True)
FELL = PRICE - 2_000 * WAD

FUNDED = [
    *publish(PRICES),
    own("deposit", lender, USDC, MILLION),
    own("deposit", bear, USDC, MILLION),
    own("deposit", backer, USDC, MILLION),
    own("deposit", bull, BTC, 10**8),
]


def set_risk(asset, haircut, requirement=None):
    arguments = asset, haircut, requirement or REQUIREMENTS[asset], FEES
    return Action("set_asset_risk", GOVERNOR, arguments)


def loss(settings):
    """Return how the bull comes to owe a loss of 1,000 USDC and a fee of 3."""
    return [
        *FUNDED,
        own("deposit", bull, ETH, 4 * 10**18),
        own("set_settings", bull, settings),
        trade(0, bull, bear, 5_000, PRICE),
        *publish({BTC: FELL}),
        Action("realise", STRANGER if settings.auto_realize else BULL, (0, (bull,))),
    ]


LOSS = loss(CAUTIOUS)

# 40,000 USDC borrowed against a BTC, whose price falls: above 30,000 and 4 * equity.
DEEP = [*FUNDED, own("borrow", bull, USDC, 40_000 * 10**6)]

# Collateral that counts in full, and a debt that binds a thousandth: a sale 1 % below
# the price costs more than it frees, where margin is a tenth of equity or more.
TIGHT = [
    *FUNDED,
    set_risk(BTC, Haircut(10**6, 0)),
    set_risk(USDC, HAIRCUTS[USDC], Requirement(1_000, 1_000, 0, 0)),
    own("set_settings", bull, Settings(auto_borrow_settlements=False)),
    trade(0, bull, bear, 120_000, PRICE),
]


def sale(**changes):
    """Return a conversion of a crumb of the bull's BTC, with changes."""
    usual = {
        "asset": BTC,
        "account": bull,
        "buyer": backer,
        "amount": 10**12,
        "price": FELL,
    }
    return Action("convert", VENUE, tuple((usual | changes).values()))


def owed(stage, account=bull, asset=USDC):
    return get_owed(stage.world.clearing, account, asset, stage.world.now)


def held(stage, account=bull, asset=BTC):
    return get_held(stage.world.clearing, account, asset)


def limit(stage):
    return conversion.compute_debt_limit(stage.world.clearing, bull, stage.world.now)


def is_convertible(stage, account=bull):
    """Return whether collateral of an account may be sold without a discount."""
    state, now = stage.world.clearing, stage.world.now
    return conversion.is_convertible(state, account, False, now)


def health(stage, account=bull):
    return assess(stage.world.clearing, account, stage.world.now)


def largest(stage, **changes):
    """Return the largest amount that the specification accepts."""
    low, high = 0, 2 * 10**18
    while high - low > 1:
        middle = (low + high) // 2
        try:
            take(stage.world, sale(**changes, amount=middle))
            low = middle
        except Revert:
            high = middle
    return low


def play(stage, actions):
    """Play several actions."""
    for action in actions:
        stage.play(action)


def quote(asset, slow, fast):
    """Return the actions that publish a slow and a fast price and take them over."""
    return [
        Action("wait", STRANGER, (1,)),
        Action("publish", STRANGER, (asset, slow, fast, 0, 0)),
        Action("tick", STRANGER, ((asset,), (UNDERLYING.index(asset),), 64)),
    ]


def set_cap(cap):
    return Action("set_caps", GOVERNOR, (USDC, 0, cap))
