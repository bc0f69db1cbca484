"""The client on the book: orders in whole units, what became of them, what rests."""

from dataclasses import replace
from decimal import Decimal

import pytest

from keeper.chain.interface import Refused
from keeper.client.results import Depth, Fill, Level, Placed
from keeper.client.units import to_decimal
from keeper.devnet import MAKER
from keeper.errors import UserError
from keeper.parameters import BOOKS
from specs.order_book import Kind, SelfTrade
from tests.helpers.clients import KEYS, at_first, mark

MARKET = "BTC-PERP"


@pytest.fixture
def client():
    with at_first() as client:
        yield client


@pytest.fixture
def maker(client):
    return client.account(KEYS[MAKER])


@pytest.fixture
def taker(client):
    return client.account(KEYS[8])


@pytest.fixture
def ladder(maker):
    """Three asks and two bids around where the market is."""
    for price, size in (("26100", "0.1"), ("26110.5", "0.2"), ("26120", "0.3")):
        maker.sell(MARKET, size, price)
    for price in ("26050", "26040"):
        maker.buy(MARKET, "0.25", price)


def test_every_instrument_is_on_the_book_as_its_parameters_say(client):
    by_number = {
        each.number: each for each in client.link.listings.instruments.values()
    }
    assert by_number.keys() == {listing.instrument for listing in BOOKS}
    for listing in BOOKS:
        found = by_number[listing.instrument]
        assert found.to_wad(found.tick) == listing.tick
        assert found.to_lots(found.min_size) == listing.min_lots
        assert found.lot == Decimal(10) ** (listing.lot_exponent - 18)


def test_a_limit_order_rests_with_its_terms(client, maker):
    placed = maker.sell(MARKET, "0.1", "26100", expiry=2_000_000_000)
    (order,) = maker.orders()
    assert placed.order == order.id
    assert (placed.filled, placed.price, placed.reason) == (0, None, None)
    told = order.instrument, order.is_buy, order.size, order.price, order.expiry
    assert told == (MARKET, False, Decimal("0.1"), 26100, 2_000_000_000)
    assert (order.account, order.is_reduce_only) == (maker.id, False)
    assert maker.orders(MARKET) == [order]
    assert maker.orders("ETH-PERP") == []


def test_an_order_without_a_price_takes_the_market_s(ladder, client, maker, taker):
    bought = taker.buy(MARKET, "0.2")
    assert [(fill.size, fill.price) for fill in bought.fills] == [
        (Decimal("0.1"), 26100),
        (Decimal("0.1"), Decimal("26110.5")),
    ]
    assert (bought.filled, bought.price) == (Decimal("0.2"), Decimal("26105.25"))
    assert (bought.order, bought.reason) == (None, None)
    sold = taker.sell(MARKET, "0.3")
    assert (sold.filled, sold.price) == (Decimal("0.3"), Decimal(156290) / 6)
    assert taker.positions()[MARKET].size == Decimal("-0.4")


def test_what_is_left_of_a_limit_order_rests(ladder, client, taker):
    placed = taker.buy(MARKET, "0.5", "26105")
    assert placed.filled == Decimal("0.1")
    assert [order.id for order in taker.orders()] == [placed.order]
    assert taker.orders()[0].size == Decimal("0.4")
    assert client.book(MARKET).best == (26105, Decimal("26110.5"))
    assert str(placed) == (f"bought 0.1 BTC-PERP, at 26100, order {placed.order} rests")


def test_what_is_left_of_other_kinds_expires_for_a_reason(ladder, taker):
    placed = taker.buy(MARKET, 1, "26105", "ioc")
    assert (placed.filled, placed.order) == (Decimal("0.1"), None)
    assert placed.reason == "not filled"
    assert str(placed).endswith("the rest expired: not filled")
    with pytest.raises(Refused, match="place: not filled: nobody offers as much"):
        taker.buy(MARKET, 1, "26120", "fok")
    with pytest.raises(Refused, match="would take"):
        taker.buy(MARKET, 1, "26120", "post only")
    assert taker.orders() == []


def test_fills_are_counted_out_with_max_fills(ladder, taker):
    placed = taker.buy(MARKET, "0.5", "26120", max_fills=2)
    assert placed.filled == Decimal("0.3")
    assert placed.reason == "too many fills"


def test_an_order_that_only_reduces_does_no_more(ladder, taker):
    # Short 0.3 at first.
    placed = taker.buy(MARKET, 5, kind="ioc", reduce_only=True)
    assert placed.filled == Decimal("0.3")
    assert MARKET not in taker.positions() or taker.positions()[MARKET].size == 0
    with pytest.raises(Refused, match="nothing to reduce"):
        taker.sell(MARKET, 1, reduce_only=True)


def test_the_owner_s_other_order_goes_if_it_is_said(ladder, maker):
    placed = maker.buy(MARKET, "0.1", "26100")
    assert (placed.filled, placed.reason) == (0, "self trade")
    placed = maker.buy(MARKET, "0.1", "26100", self_trade="cancel oldest")
    assert (placed.filled, placed.reason) == (0, None)
    assert placed.order in {order.id for order in maker.orders()}
    maker.sell(MARKET, "0.1", "26100", self_trade=SelfTrade.CANCEL_OLDEST)
    assert placed.order not in {order.id for order in maker.orders()}


def test_a_spot_order_borrows_what_is_not_held(client, maker, taker):
    maker.buy("ETH", 10, "1700")
    assert client.book("ETH").best == (1700, None)
    before = taker.balances()["ETH"].held
    taker.withdraw("ETH", "all")
    sold = taker.sell("ETH", "0.5")
    assert (before, sold.filled, sold.price) == (20, Decimal("0.5"), 1700)
    assert taker.balances()["ETH"].owed == Decimal("0.5")


def test_sizes_and_prices_are_exact_unless_rounding_is_asked_for(maker):
    with pytest.raises(UserError, match=r"26100.1 .* of 0.5; take 26100 or 26100.5"):
        maker.sell(MARKET, "0.1", "26100.1")
    with pytest.raises(UserError, match=r"0.123456 .* take 0.12345 or 0.12346"):
        maker.sell(MARKET, "0.123456", "26100")
    maker.sell(MARKET, "0.123456", "26100.1", rounding="up")
    (order,) = maker.orders()
    assert (order.size, order.price) == (Decimal("0.12346"), Decimal("26100.5"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((MARKET, 1, None, "limit"), "limit: what may rest needs a price"),
        ((MARKET, 1, None, Kind.POST_ONLY), "post only: what may rest needs a price"),
        ((MARKET, 1, 26100, "gtc"), "no 'gtc'; there are limit, ioc, fok, post only"),
        (("DOGE", 1, 1), "no instrument DOGE; there are BTC-PERP, "),
        ((MARKET, 0.1, 26100), "0.1 is not exact; write it as '0.1'"),
    ],
)
def test_what_makes_no_order_is_one_line(maker, words, said):
    with pytest.raises(UserError, match=said) as refused:
        maker.buy(*words)
    assert "\n" not in str(refused.value)


def test_an_unknown_way_with_own_orders_is_one_line(maker):
    with pytest.raises(UserError, match="there are cancel newest, cancel oldest"):
        maker.buy(MARKET, 1, 26100, self_trade="both")


def test_what_is_not_on_the_book_is_refused_and_still_quoted(client):
    instrument = replace(client.link.listings.instrument(MARKET), tick=Decimal(0))
    with pytest.raises(UserError, match="BTC-PERP is not on the book"):
        instrument.to_ticks(1)
    assert instrument.to_quoted("0.00002") == 2


def test_orders_are_cancelled_one_by_one_and_all(ladder, client, maker):
    first, second, *_ = maker.orders()
    maker.cancel(first, second.id)
    assert len(maker.orders()) == 3
    maker.cancel(first)
    maker.buy("SOL", 1, "20")
    maker.cancel_all()
    assert maker.orders() == []
    assert client.book(MARKET).best == (None, None)


def test_an_operator_places_and_cancels(client, maker, taker):
    maker.set_operator(KEYS[1], may_trade=True)
    acting = client.account(maker.owner, actor=KEYS[1])
    placed = acting.sell(MARKET, "0.1", "26100")
    with pytest.raises(Refused, match="cancel: not authorised"):
        taker.cancel(placed.order)
    with pytest.raises(Refused, match="cancel all: not authorised"):
        client.account(maker.owner, actor=KEYS[2]).cancel_all()
    assert maker.orders()[0].id == placed.order
    acting.cancel_all()
    assert maker.orders() == []


def test_a_book_tells_depth_top_and_queue(ladder, client, maker, taker):
    book = client.book(MARKET)
    asks = [(26100, "0.1"), (Decimal("26110.5"), "0.2"), (26120, "0.3")]
    bids = [(26050, "0.25"), (26040, "0.25")]
    found = book.depth()
    for levels, expected in ((found.asks, asks), (found.bids, bids)):
        told = [(each.price, each.size, each.firm) for each in levels]
        assert told == [(price, Decimal(n), Decimal(n)) for price, n in expected]
    assert book.depth(1) == Depth(found.bids[:1], found.asks[:1])
    assert (book.mid, book.spread) == (26075, 50)
    assert book.top().last is None
    taker.buy(MARKET, "0.15")
    assert book.top().last == Decimal("26110.5")
    placed = taker.sell(MARKET, 1, "26120", expiry=2_000_000_000)
    first, second = book.queue("26120")
    assert (first.account, second.id) == (maker.id, placed.order)
    assert book.depth().asks[1].firm == Decimal("0.3")


def test_a_book_tells_the_mark_and_the_slow_price_at_spot(client):
    assert client.book("SOL-PERP").mark == mark(client, "SOL-PERP") > 0
    feed = client.link.chain.call(client.link.deployment.oracle, "feed", 3)
    assert client.book("SOL").mark == to_decimal(feed[0])
    assert "link" not in repr(client.book("SOL"))


def test_an_empty_book_has_no_prices(client):
    book = client.book("SOL-PERP")
    assert (book.best, book.mid, book.spread) == ((None, None), None, None)
    assert book.depth() == Depth([], [])
    assert book.queue("20") == []


def test_a_long_side_and_a_long_queue_are_read_page_by_page(client):
    book, owner = client.book(MARKET), KEYS[MAKER]
    for number in range(3):
        account = client.account(owner, number)
        if number:
            account.mint("USDC", 50_000)
            account.deposit("USDC", 50_000)
        for step in range(32):
            place = 32 * number + step
            price = 26000 if place >= 70 else Decimal(26050) - Decimal(place) / 2
            account.buy(MARKET, "0.01", price)
    assert len(book.depth(levels=80).bids) == 71
    assert len(book.depth(levels=70).bids) == 70
    assert len(book.depth(levels=65).bids) == 65
    account = client.account(owner, 3)
    account.mint("USDC", 50_000)
    account.deposit("USDC", 50_000)
    for each in range(3):
        client.account(owner, each).cancel_all()
    for number in range(4):
        for _ in range(32 if number < 3 else 1):
            client.account(owner, number).buy(MARKET, "0.01", 26000)
    queue = book.queue(26000)
    assert len(queue) == len({order.id for order in queue}) == 97


def test_a_ladder_shows_asks_above_bids():
    level = Level(Decimal(1), Decimal(2), Decimal(2))
    assert "bid" in str(Depth([level], []))
    assert str(Depth([level], [level])).splitlines()[0].startswith("ask")


def test_a_placement_is_told_in_a_line():
    fills = (Fill(1, Decimal("0.5"), Decimal(10)), Fill(2, Decimal("0.5"), Decimal(11)))
    placed = Placed("SOL", False, fills, None, None, 7)
    assert str(placed) == "sold 1.0 SOL, at 10.5"
    assert str(Placed("SOL", True, (), None, None, 7)) == "nothing"
