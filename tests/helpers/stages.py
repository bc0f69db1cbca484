"""What examples ask of a stage, and what they do on it."""

from specs import clearinghouse as ch
from specs.accounts import USDC, get_owner
from specs.binding import NOTICE
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.deployers import fields
from tests.helpers.worlds import GOVERNOR, STRANGER, publish


def call(name, *arguments):
    """Return an action of nobody in particular."""
    return Action(name, STRANGER, arguments)


def govern(name, *arguments):
    """Return an action of the governor."""
    return Action(name, GOVERNOR, arguments)


def liquidate(account):
    """Return a liquidation."""
    return call("liquidate", account)


def realise(market, account):
    """Return the settlement of an account's position by its owner."""
    return Action("realise", get_owner(account), (market, (account,)))


def release(stage, *accounts):
    """Have bound accounts give notice, and wait until it is over."""
    for account in accounts:
        stage.play(Action("give_notice", get_owner(account), (account,)))
    stage.play(call("wait", NOTICE))


def leave(stage, *providers):
    """Have providers give notice, and leave once that is over."""
    release(stage, *providers)
    for provider in providers:
        stage.play(Action("unpledge", get_owner(provider), (provider,)))


def move(stage, prices, waiting=1, **options):
    """Take new prices (USDC) over, and let so many seconds pass."""
    prices = {asset: price * WAD for asset, price in prices.items()}
    for action in publish(prices, **options):
        stage.play(action)
    if waiting:
        stage.play(call("wait", waiting))


def market_of(stage, market=0):
    """Return a market."""
    return stage.world.clearing.markets[market]


def pool_of(stage, asset=USDC):
    """Return a pool."""
    return stage.world.clearing.assets[asset].pool


def position_of(stage, account, market=0):
    """Return an account's position; None if it has none."""
    return stage.world.clearing.accounts[account].positions.get(market)


def sizes_of(stage, account):
    """Return the lots of an account by market."""
    positions = stage.world.clearing.accounts[account].positions
    return {market: position.lots for market, position in positions.items()}


def held(stage, account, asset=USDC):
    """Return what an account holds of an asset, WAD."""
    return ch.get_held(stage.world.clearing, account, asset)


def owed(stage, account, asset=USDC):
    """Return what an account owes of an asset, WAD."""
    return ch.get_owed(stage.world.clearing, account, asset, stage.world.now)


def health_of(stage, account):
    """Return an account's health, on which contract and specification agree."""
    health = ch.assess(stage.world.clearing, account, stage.world.now)
    assert tuple(stage.made.view("Clearinghouse", "assess", account)) == fields(health)
    return health
