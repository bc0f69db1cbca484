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
from specs.authority import ORDER_VENUE
from specs.fixed_point import WAD, Wad, mul_div_down
from specs.listings import MAX_VISITS
from specs.quote_desk import PAUSE
from specs.quotes import SPOT, Quote, TwoSided, compute_domain
from specs.state import get_owed
from tests.helpers.conversions import FELL, LOSS, largest, owed
from tests.helpers.deployers import address_of
from tests.helpers.worlds import (
    ASSETS,
    BACKER,
    BTC,
    GOVERNOR,
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
        governor = address_of(GOVERNOR)
        self.book = made.deploy("OrderBook", governor, home.address, self.host)
        made.govern("set_venue", self.book, ORDER_VENUE)
        terms = WAD, 14, 1, WAD, 20_000
        made.send(GOVERNOR, "OrderBook", "list_instrument", SPOT + BTC, *terms)
        made.govern("set_venue", self.desk.address, 1)
        self.set_band(FELL * 95 // 100, FELL * 105 // 100)
        for account, (key, owner) in MAKERS.items():
            made.send(
                owner, "Clearinghouse", "set_operator", account, key.address, TRADE
            )
        known = Given(tuple(stage.world.clearing.accounts))
        watch = Watch(home, tuple(ASSETS), tuple(MARKETS), known)
        oracle = made.contracts["MockVenueHost"]
        book = made.contracts["OrderBook"]
        self.job = Convert(watch, self.desk, book, oracle, self.offers)
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

    def bid(self, account=backer, lots=1_000, price=FELL):
        """Let a maker's bid rest on the book, for a ten-thousandth of a BTC a lot."""
        terms = account, SPOT + BTC, True, lots, price, 0, False, 0, 0
        self.made.send(account >> 96, "OrderBook", "place", terms, 1)

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


# On the book


def sent(scene):
    """What the job would send now but for requests, by what it is sent to."""
    names = {scene.desk.address: "desk", scene.job.book.address: "book"}
    return [
        (names[call.contract.address], *call.arguments)
        for call in scene.calls()
        if call.method != "request_conversion"
    ]


def test_without_offers_it_is_sold_on_the_book(scene):
    scene.bid()
    lots = largest(scene.stage) // 10**14
    assert sent(scene) == [("book", bull, SPOT + BTC, lots, MAX_VISITS)]
    assert scene.work() == [("request_conversion", None), ("convert", None)]
    assert 0 < scene.debt() < FELL // 10**4
    assert sent(scene) == []


def test_no_more_is_sold_than_rests_at_the_best_price(scene):
    scene.bid(lots=30, price=FELL + WAD)
    scene.bid(lender)
    assert sent(scene) == [("book", bull, SPOT + BTC, 30, MAX_VISITS)]
    for _ in range(2):
        assert ("convert", None) in scene.work()
    assert 0 < scene.debt() < FELL // 10**4


def test_the_book_comes_after_better_offers_and_before_others(scene):
    scene.bid(lots=40)
    scene.offer(price=FELL - WAD)
    scene.offer(lender, price=FELL + WAD, size=WAD // 1_000, nonce=2)
    assert [words[0] for words in sent(scene)] == ["desk", "book"]
    scene.work()
    assert [words[0] for words in sent(scene)] == ["desk"]
    scene.work()
    assert scene.debt() == 0


def test_what_is_no_lot_is_left_to_offers(scene):
    scene.bid()
    scene.work()
    scene.offer(price=FELL - WAD)
    assert [words[0] for words in sent(scene)] == ["desk"]


@pytest.mark.parametrize(
    ("off", "band"), [(-12, 50), (-8, 5), (8, 5)], ids=["too low", "below", "above"]
)
def test_a_bid_that_does_not_do_is_left_alone(scene, off, band):
    scene.bid(price=FELL * (1_000 + off) // 1_000)
    scene.set_band(FELL * (1_000 - band) // 1_000, FELL * (1_000 + band) // 1_000)
    assert sent(scene) == []
    scene.offer()
    assert [words[0] for words in sent(scene)] == ["desk"]


def test_what_is_sold_to_one_is_not_sold_to_the_next(scene):
    scene.bid(lots=250)
    chain = scene.made.chain
    found = scene.job.read(chain, chain.block())
    accounts = found.state.accounts
    state = replace(found.state, accounts={**accounts, bull + 1: accounts[bull]})
    due = {bull: found.due[bull], bull + 1: found.due[bull]}
    calls = scene.job.decide(replace(found, state=state, due=due))
    first, second = (call.arguments for call in calls if call.method == "convert")
    assert (first[0], second[0]) == (bull, bull + 1)
    assert first[2] + second[2] == 250 < 2 * first[2]


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
