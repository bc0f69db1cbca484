"""The client asks for quotes, answers and accepts; pairs of which one side fills."""

from decimal import Decimal

import pytest

from keeper.chain.interface import Refused
from keeper.client.results import Request
from keeper.devnet import MAKER
from keeper.errors import UserError
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
    """Somebody who is short 0.3 BTC."""
    return client.account(KEYS[8])


@pytest.fixture
def around(client):
    """A bid and an ask around the mark."""
    price = round(mark(client))
    return {"bid": price - 5, "ask": price + 5}


def held(account):
    return account.positions()[MARKET].size


def test_a_pair_is_taken_on_either_side_once(maker, taker, around):
    for is_buy, after in ((True, "-0.2"), (False, "-0.25")):
        pair = maker.quote_both(MARKET, size="0.1", min_size="0.01", **around)
        size = None if is_buy else "0.05"
        told = taker.take_side(pair, size, is_buy=is_buy).event("Take").arguments
        side = around["ask" if is_buy else "bid"]
        assert told["price"] == side * 10**18
        assert held(taker) == Decimal(after)
        with pytest.raises(Refused, match="nonce used"):
            taker.take_side(pair, is_buy=not is_buy)


def test_a_pair_is_for_whom_and_as_long_as_it_says(client, maker, taker, around):
    now = client.link.chain.block().timestamp
    pair = maker.quote_both(MARKET, size=1, counterparty=maker.id + 1, **around)
    assert (pair.quote.expiry, pair.quote.min_size) == (now + 30, pair.quote.size)
    with pytest.raises(Refused, match="wrong counterparty: it is meant for another"):
        taker.take_side(pair, is_buy=True)


def test_a_request_says_what_is_asked_for(client, taker, maker):
    now = client.link.chain.block().timestamp
    first = taker.request(MARKET, "0.1")
    second = taker.request(
        "ETH", "1.5", "buy", limit="1700.5", expiry=now + 99, counterparty=maker.id
    )
    assert taker.look_up(first) == Request(
        taker.id, MARKET, Decimal("0.1"), "either", None, False, now + 30, 0
    )
    assert taker.look_up(second) == Request(
        account=taker.id,
        instrument="ETH",
        size=Decimal("1.5"),
        side="buy",
        limit=Decimal("1700.5"),
        is_immediate=False,
        expiry=now + 99,
        counterparty=maker.id,
    )


def test_an_answer_waits_to_be_accepted(maker, taker, around):
    request = taker.request(MARKET, "0.1")
    answer = maker.answer(request, **around)
    assert not answer.is_filled
    assert held(taker) == Decimal("-0.3")
    taker.accept(request, answer.offer, is_buy=False)
    assert held(taker) == Decimal("-0.4")
    with pytest.raises(Refused, match="unknown request: it was filled or cancelled"):
        taker.accept(request, answer.offer, is_buy=True)


def test_an_immediate_request_is_filled_by_its_answer(maker, taker, around):
    request = taker.request(
        MARKET, "0.1", "buy", limit=around["ask"], is_immediate=True
    )
    assert maker.answer(request, ask=around["ask"], nonce=77).is_filled
    assert held(taker) == Decimal("-0.2")
    with pytest.raises(Refused, match="cancel: nonce used"):
        maker.cancel_quote(77)


def test_a_request_is_refreshed_and_withdrawn(client, maker, taker, around):
    chain = client.link.chain
    request = taker.request(MARKET, "0.1", "sell", limit=around["ask"])
    chain.advance_to(chain.block().timestamp + 20)
    taker.refresh(request, limit=around["bid"])
    found = taker.look_up(request)
    assert found.limit == around["bid"]
    assert found.expiry == chain.block().timestamp + 30
    taker.refresh(request, expiry=found.expiry - 5)
    again = taker.look_up(request)
    assert (again.limit, again.expiry) == (None, found.expiry - 5)
    chain.advance_to(again.expiry + 1)
    with pytest.raises(Refused, match="answer: request expired: ask anew"):
        maker.answer(request, bid=around["bid"])
    taker.cancel_request(request)
    with pytest.raises(Refused, match="request of: unknown request: it was filled"):
        taker.look_up(request)


def test_a_side_that_there_is_not_is_one_line(taker):
    with pytest.raises(UserError, match="no side 'long'; there are buy, sell, either"):
        taker.request(MARKET, 1, "long")
