"""The client that liquidates others, and that takes over."""

from decimal import Decimal

import pytest

from keeper.client.refusals import Rejected
from keeper.devnet import FIRST_PUBLISHER, MAKER, PROVIDER
from keeper.jobs.publish import Publish, block_time
from keeper.jobs.tick import Tick
from keeper.parameters import ASSETS, MARKETS, PUBLISHERS
from keeper.prices import START_PRICES
from keeper.publishers import Panel
from keeper.runner import Runner
from specs import errors
from specs.accounts import USDC
from specs.binding import NOTICE
from specs.fixed_point import WAD
from tests.helpers.clients import KEYS, at_first, mark

MARKET = "BTC-PERP"
KEEPER, TRADER = 1, 8


class Told:
    """Prices that are as they are told."""

    def __init__(self, bitcoin):
        self.bitcoin = bitcoin * WAD

    def price_at(self, _time):
        return {**START_PRICES, "BTC": self.bitcoin}


@pytest.fixture
def client():
    with at_first() as client:
        yield client


@pytest.fixture
def keeper(client):
    return client.account(KEYS[KEEPER])


@pytest.fixture
def trader(client):
    """Half a BTC long, on a fiftieth of its worth."""
    maker, trader = client.account(KEYS[MAKER]), client.account(KEYS[TRADER], 1)
    publish(client, 26_000)
    maker.sell(MARKET, "0.5", "26000")
    trader.deposit("USDC", 270)
    assert trader.buy(MARKET, "0.5").filled == Decimal("0.5")
    return trader


def publish(client, bitcoin, seconds=30):
    """Have prices published and taken over, some times until they are there."""
    chain, made = client.link.chain, client.link.deployment
    signers = KEYS[FIRST_PUBLISHER : FIRST_PUBLISHER + PUBLISHERS]
    numbers = {asset.symbol: asset.number for asset in ASSETS if asset.number != USDC}
    markets = [market.number for market in MARKETS]
    jobs = (
        Publish(made.oracle, Told(bitcoin), Panel(signers), numbers, block_time),
        Tick(made.clearinghouse, made.oracle, list(numbers.values()), markets),
    )
    runner = Runner(chain, jobs, KEYS[KEEPER].address)
    for _ in range(3):
        chain.advance_to(chain.block().timestamp + seconds)
        for job in jobs:
            assert runner.work(job)
    chain.advance_to(chain.block().timestamp + 1)


def test_who_is_well_is_left_alone(keeper, trader):
    assert not keeper.can_flag(trader.id)
    assert not keeper.can_reduce(trader.id, MARKET)
    assert not keeper.can_liquidate(trader.id)
    for call in (
        keeper.flag,
        keeper.liquidate,
        lambda name: keeper.reduce(name, MARKET),
    ):
        with pytest.raises(Rejected, match=errors.NotLiquidatable.reason):
            call(trader.id)


def test_an_account_is_flagged_and_reduced_for_half_of_the_fee(client, keeper, trader):
    publish(client, 25_620)
    client.account(KEYS[MAKER]).buy(MARKET, "0.5", "25610")
    assert keeper.can_flag(trader.id)
    keeper.flag(trader.id)
    assert not keeper.can_flag(trader.id)
    assert keeper.can_reduce(trader.id, MARKET)
    told = keeper.reduce(trader.id, MARKET).event("Slice").arguments
    assert told["filled"] == told["asked"] > 0
    assert not keeper.can_reduce(trader.id, MARKET)
    with pytest.raises(Rejected, match=errors.NothingDue.reason):
        keeper.reduce(trader.id, MARKET)
    assert keeper.balances()["USDC"].held > 0
    assert 0 < trader.positions()[MARKET].size < Decimal("0.5")


def test_nobody_reduces_an_account_of_his_own(client, trader):
    publish(client, 25_620)
    own = client.account(KEYS[TRADER])
    assert own.can_reduce(trader.id, MARKET)
    with pytest.raises(Rejected, match=errors.SameOwner.reason):
        own.reduce(trader.id, MARKET)


def test_a_provider_takes_over_and_reads_what_it_took(client, keeper, trader):
    provider = client.account(KEYS[PROVIDER])
    before = provider.provided()
    assert (before.taken, before.earned, before.times) == (0, 0, 0)
    publish(client, 25_540)
    assert keeper.can_liquidate(trader.id)
    keeper.liquidate(trader.id)
    after = provider.provided()
    assert after.times == 1
    assert after.taken > 0
    assert after.earned > 0
    assert after.remaining == before.remaining - after.taken
    assert abs(provider.positions()[MARKET].size * mark(client) - after.taken) < 1


def test_a_pledge_is_set_anew_and_ends_with_a_notice(client):
    provider = client.account(KEYS[PROVIDER])
    terms = {"per_hour": 200, "max_position": "300.5", "max_loss": 7}
    provider.pledge(per_minute=100, **terms)
    assert provider.provided().remaining == 100
    with pytest.raises(Rejected, match=errors.Bound.reason):
        provider.unpledge()
    provider.give_notice()
    chain = client.link.chain
    chain.advance_to(chain.block().timestamp + NOTICE)
    provider.unpledge()
    assert provider.provided().remaining == 0
    with pytest.raises(Rejected, match=errors.NotBound.reason):
        provider.pledge(per_minute=1, **terms)
