"""The keeper's conversions: whom it announces, which quotes it relays, for how much."""

from dataclasses import replace

import pytest

from keeper.discovery import Given
from keeper.jobs.convert import PER_ACCOUNT, Convert, find_due
from keeper.jobs.watch import Watch
from keeper.offers import Offer, sign_offer
from keeper.runner import Runner
from keeper.signing import local_account
from specs.accounts import TRADE, USDC
from specs.fixed_point import WAD, Wad, mul_div_down
from specs.quote_desk import PAUSE
from specs.quotes import SPOT, Quote, TwoSided, compute_domain
from specs.state import get_owed
from tests.helpers.conversions import FELL, LOSS, largest, owed
from tests.helpers.deployers import address_of
from tests.helpers.worlds import (
    ASSETS,
    BACKER,
    BTC,
    LENDER,
    MARKETS,
    STRANGER,
    backer,
    bull,
    lender,
)

SCENE = LOSS
KEY, OTHER = local_account("maker"), local_account("other maker")
MAKERS = {backer: (KEY, BACKER), lender: (OTHER, LENDER)}


class Spoken:
    """Offers that are told."""

    def __init__(self):
        self.said = []

    def offered(self):
        return self.said


class Scene:
    """A desk at the stage's clearinghouse, two makers, and the keeper's job."""

    def __init__(self, stage):
        self.stage, self.made = stage, stage.made
        made, self.offers = stage.made, Spoken()
        self.host = made.deploy("MockVenueHost")
        home = made.contracts["Clearinghouse"]
        made.deploy("QuoteDesk", home.address, self.host)
        self.desk = made.contracts["QuoteDesk"]
        made.govern("set_venue", self.desk.address, 1)
        self.set_band(FELL * 95 // 100, FELL * 105 // 100)
        for account, (key, owner) in MAKERS.items():
            made.send(
                owner, "Clearinghouse", "set_operator", account, key.address, TRADE
            )
        known = Given(tuple(stage.world.clearing.accounts))
        watch = Watch(home, tuple(ASSETS), tuple(MARKETS), known)
        oracle = made.contracts["MockVenueHost"]
        self.job = Convert(watch, self.desk, oracle, self.offers)
        self.runner = Runner(made.chain, [self.job], address_of(STRANGER))

    def set_band(self, low, high):
        words = True, BTC, low, high
        self.made.send(STRANGER, "MockVenueHost", "set_band", *words)

    @property
    def now(self):
        return self.made.chain.block().timestamp

    def offer(self, account=backer, signer=None, **changes):
        """Have a maker offer to buy up to a BTC, at the price."""
        usual = Quote(account, SPOT + BTC, True, WAD, 1, FELL, 1, self.now + 60)
        return self._said(replace(usual, **changes), signer or MAKERS[account][0])

    def offer_both(self, account=backer, **changes):
        """Have a maker offer to buy at the price, and to sell above it."""
        prices = FELL, FELL + 1
        usual = TwoSided(account, SPOT + BTC, *prices, WAD, 1, 2, self.now + 60)
        return self._said(replace(usual, **changes), MAKERS[account][0])

    def calls(self):
        """What the job would send now."""
        chain = self.made.chain
        return self.job.decide(self.job.read(chain, chain.block()))

    def work(self):
        """Work a round; return what was sent, and why not if it was refused."""
        return [(done.call.method, done.refusal) for done in self.runner.work(self.job)]

    def clearing(self):
        """What the clearinghouse remembers."""
        return self.job.watch.read(self.made.chain, self.made.chain.block()).state

    def debt(self, account=bull):
        return get_owed(self.clearing(), account, USDC, self.now)

    def _said(self, quote, key):
        domain = compute_domain(self.made.chain.chain_id, self.desk.address)
        offer = sign_offer(key, domain, quote)
        self.offers.said.append(offer)
        return offer


@pytest.fixture
def scene(stage):
    return Scene(stage)


def test_makers_are_asked_once_a_minute(scene):
    assert scene.work() == [("request_conversion", None)]
    assert scene.work() == []
    scene.made.wait(PAUSE - 1)
    assert scene.work() == []
    scene.made.wait(1)
    assert scene.work() == [("request_conversion", None)]


@pytest.mark.parametrize("is_two_sided", [True, False])
def test_an_offer_pays_all_that_is_due_and_no_more(scene, is_two_sided):
    (scene.offer_both if is_two_sided else scene.offer)()
    request, sale = scene.calls()
    assert request.arguments == (bull,)
    assert sale.arguments[2:] == (bull, largest(scene.stage))
    method = "convert_two_sided" if is_two_sided else "convert"
    assert scene.work() == [("request_conversion", None), (method, None)]
    assert scene.debt() == 0
    scene.made.wait(PAUSE)
    assert scene.work() == []


def test_where_nobody_owes_too_much_nothing_is_sent(scene):
    scene.offer()
    scene.work()
    scene.offer(nonce=5)
    scene.made.wait(PAUSE)
    assert scene.calls() == []


def test_the_best_price_is_taken_first(scene):
    half = mul_div_down(owed(scene.stage), WAD, 2 * FELL)
    scene.offer()
    scene.offer(lender, price=FELL + WAD, size=half)
    scene.offer(lender, price=FELL + 2 * WAD, size=half // 2, nonce=2)
    sold = [call.arguments for call in scene.calls()[1:]]
    assert [words[0][5] - FELL for words in sold] == [2 * WAD, WAD, 0]
    assert [words[3] for words in sold[:2]] == [half // 2, half]
    assert [refusal for _, refusal in scene.work()] == [None] * 4
    assert scene.debt() == 0


def test_a_quote_is_relayed_once(scene):
    crumb = WAD // 1_000
    for offer in (scene.offer, scene.offer, scene.offer_both):
        offer(size=crumb, nonce=3)
    assert [call.method for call in scene.calls()[1:]] == ["convert"]


def test_no_more_offers_than_so_many_are_relayed_for_one(scene):
    for nonce in range(PER_ACCOUNT + 1):
        scene.offer(size=WAD // 1_000, nonce=nonce)
    assert len(scene.calls()) == 1 + PER_ACCOUNT


# What would be refused, or what nobody has signed, is not sent.
POOR = [
    {"price": FELL * 98 // 100},
    {"price": FELL * 106 // 100},
    {"size": 0},
    {"min_size": WAD},
    {"counterparty": lender},
    {"is_buy": False},
    {"instrument": 0},
    {"instrument": SPOT + 2},
    {"expiry": 0},
    {"account": bull},
    {"signer": local_account("stranger")},
]


@pytest.mark.parametrize("changes", POOR)
def test_an_offer_that_does_not_do_is_left_alone(scene, changes):
    signer = changes.get("signer", KEY)
    changes = {key: value for key, value in changes.items() if key != "signer"}
    scene.offer(**changes, signer=signer)
    assert [call.method for call in scene.calls()] == ["request_conversion"]
    scene.offer(lender)
    assert scene.work()[1:] == [("convert", None)]


@pytest.mark.parametrize(
    "changes", [{"request": 1}, {"bid": FELL + 1}, {"bid": 0}, {"ask": FELL}]
)
def test_a_two_sided_offer_that_does_not_do_is_left_alone(scene, changes):
    scene.offer_both(**changes)
    assert [call.method for call in scene.calls()] == ["request_conversion"]


def test_an_offer_that_is_forged_or_used_is_left_alone(scene):
    offer = scene.offer(price=FELL + 1)
    forged = Offer(replace(offer.quote, size=WAD - 1), offer.signature)
    scene.offers.said[:] = [forged, Offer(offer.quote, b"")]
    assert len(scene.calls()) == 1
    scene.offers.said[:] = [offer]
    scene.made.send(BACKER, "QuoteDesk", "cancel", backer, offer.quote.nonce)
    assert len(scene.calls()) == 1


def test_without_a_band_nothing_is_sold(scene):
    scene.offer()
    scene.set_band(0, 0)
    assert [call.method for call in scene.calls()] == ["request_conversion"]


def test_of_many_the_largest_are_served(scene):
    state = scene.clearing()
    account = state.accounts[bull]
    idle = replace(account.balances[USDC], idle=Wad(500 * WAD))
    less = replace(account, balances={**account.balances, USDC: idle})
    accounts = {**state.accounts, bull - 1: less, bull + 1: account}
    state = replace(state, accounts=accounts)
    assert find_due(state, scene.now) == [bull, bull + 1, bull - 1]


def test_no_more_accounts_than_so_many_are_read(scene):
    chain = scene.made.chain
    assert scene.job.read(chain, chain.block()).due.keys() == {bull}
    none = replace(scene.job, most=0)
    assert none.decide(none.read(chain, chain.block())) == []
