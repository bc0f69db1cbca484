"""Requests: who asks, what answers, who accepts, and that each is filled once."""

from dataclasses import replace

import pytest

from specs import errors, requests
from specs.accounts import WITHDRAW
from specs.fixed_point import WAD
from specs.quote_desk import PAUSE, Signature
from specs.quotes import SPOT
from specs.requests import BUY, EITHER, LONGEST, MAX_LIMIT, MAX_OPEN, MAX_SIZE, SELL
from tests.helpers.quotes import Signed, Unfunded

NOW = {"is_immediate": True}
SALE = {"side": SELL, "limit": 95 * WAD}
ANY = {"side": EITHER, "limit": 0}


def answer_to(world, number, role="maker", **changes):
    """Return a signed answer to a request."""
    return world.sign(world.two_sided(role, **{"request": number, **changes}))


# Who asks for what


@pytest.mark.parametrize("caller", ["maker", "relayer"])
def test_nobody_asks_for_another(world, caller):
    with pytest.raises(errors.NotAuthorised):
        world.request(caller, size=0)


def test_ids_count_upwards(world):
    assert [world.request("taker") for _ in range(3)] == [1, 2, 3]
    world.cancel_request("taker", 3)
    assert world.request("taker") == 4


# Changes of a request, and what they are refused for; the last lines break two rules,
# and the first counts.
REFUSED = [
    ({"instrument": 32}, errors.UnknownMarket),
    ({"instrument": SPOT}, errors.UnknownAsset),
    ({"instrument": SPOT + 32}, errors.UnknownAsset),
    ({"size": 0}, errors.ZeroAmount),
    ({"size": MAX_SIZE + 1}, errors.SizeTooLarge),
    ({"size": 2**256 - 1}, errors.SizeTooLarge),
    ({"side": 3, "limit": 0}, errors.OutOfBounds),
    ({"side": 2**256 - 1}, errors.OutOfBounds),
    ({**ANY, **NOW}, errors.OutOfBounds),
    ({"limit": MAX_LIMIT + 1}, errors.PriceOutOfRange),
    ({"limit": 0, **NOW}, errors.PriceOutOfRange),
    ({"side": EITHER, "limit": 1}, errors.PriceOutOfRange),
    ({"expiry": 1}, errors.RequestExpired),
    ({"expiry": 2**256 - 1}, errors.OutOfBounds),
    ({"instrument": 32, "size": 0}, errors.UnknownMarket),
    ({"size": 0, "side": 3}, errors.ZeroAmount),
    ({"size": MAX_SIZE + 1, "side": 3}, errors.SizeTooLarge),
    ({"side": 3, "limit": MAX_LIMIT + 1}, errors.OutOfBounds),
    ({"limit": MAX_LIMIT + 1, "expiry": 0}, errors.PriceOutOfRange),
]


@pytest.mark.parametrize(("changes", "reason"), REFUSED)
def test_what_cannot_be_asked(world, changes, reason):
    with pytest.raises(reason):
        world.request("taker", **changes)


@pytest.mark.parametrize("instrument", [0, 31, SPOT + 1, SPOT + 31])
@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("is_immediate", [True, False])
def test_what_is_asked_is_kept_to_the_bit(world, instrument, side, is_immediate):
    world.request(
        "taker",
        instrument=instrument,
        side=side,
        size=MAX_SIZE,
        limit=MAX_LIMIT,
        is_immediate=is_immediate,
        expiry=world.now + LONGEST,
        counterparty=2**256 - 1,
    )
    world.request("taker", **ANY, size=1)


def test_a_request_lasts_a_day_at_most(world):
    with pytest.raises(errors.OutOfBounds):
        world.request("taker", expiry=world.now + LONGEST + 1)
    world.request("taker", expiry=world.now)
    number = world.request("taker")
    with pytest.raises(errors.OutOfBounds):
        world.refresh("taker", number, 0, world.now + LONGEST + 1)
    with pytest.raises(errors.RequestExpired):
        world.refresh("taker", number, 0, world.now - 1)


def test_nobody_asks_himself(world):
    with pytest.raises(errors.SameAccount):
        world.request("taker", counterparty=world.accounts["taker"])
    number = world.request("taker")
    world.set_operator("taker", "maker")
    own = answer_to(world, number, "taker")
    with pytest.raises(errors.SameAccount):
        world.accept("taker", number, own, True)


def test_an_account_has_sixteen_requests_at_most(world):
    for _ in range(MAX_OPEN):
        world.request("taker", expiry=world.now)
    world.chain.advance_to(world.now + 1)
    with pytest.raises(errors.TooManyRequests):
        world.request("taker")
    world.request("maker", "maker")
    world.cancel_request("taker", 5)
    number = world.request("taker", **NOW)
    world.answer(number, answer_to(world, number))
    world.request("taker")
    with pytest.raises(errors.TooManyRequests):
        world.request("taker")


# Answers to what is immediate


@pytest.mark.parametrize("instrument", [3, SPOT + 3])
@pytest.mark.parametrize("is_buy", [True, False])
def test_the_first_answer_fills_what_is_immediate(world, instrument, is_buy):
    terms = NOW | {"instrument": instrument} | ({} if is_buy else SALE)
    number = world.request("taker", **terms)
    signed = answer_to(world, number, instrument=instrument)
    assert world.answer(number, signed) is True
    (fill,) = world.fills
    maker, taker = world.accounts["maker"], world.accounts["taker"]
    assert (fill.buyer, fill.seller) == ((taker, maker) if is_buy else (maker, taker))
    assert fill.price == (105 if is_buy else 95) * WAD
    assert (fill.size, fill.is_maker_buying) == (50, not is_buy)
    with pytest.raises(errors.UnknownRequest):
        world.answer(number, answer_to(world, number, nonce=1))


@pytest.mark.parametrize("is_buy", [True, False])
def test_a_limit_bounds_what_fills(world, is_buy):
    limit = {"limit": 105 * WAD - 1} if is_buy else SALE | {"limit": 95 * WAD + 1}
    number = world.request("taker", **NOW, **limit)
    with pytest.raises(errors.QuotesDoNotCross):
        world.answer(number, answer_to(world, number))
    one_sided = {"bid": 0} if is_buy else {"ask": 0}
    price = {"ask" if is_buy else "bid": limit["limit"]}
    world.answer(number, answer_to(world, number, **one_sided, **price))


@pytest.mark.parametrize("is_accepted", [True, False])
def test_the_price_is_inside_the_band(world, is_accepted):
    number = world.request("taker", limit=200 * WAD, is_immediate=not is_accepted)

    def fill(signed):
        if is_accepted:
            world.accept("taker", number, signed, True)
        else:
            world.answer(number, signed)

    beyond = answer_to(world, number, ask=110 * WAD + 1)
    with pytest.raises(errors.PriceOutOfBand):
        fill(beyond)
    fill(answer_to(world, number, ask=110 * WAD))


def test_whoever_asked_must_still_be_allowed_to(world):
    world.set_operator("taker", "operator")
    number = world.request("operator", **NOW)
    waiting = world.request("operator")
    world.set_operator("taker", "operator", WITHDRAW)
    with pytest.raises(errors.NotAuthorised):
        world.answer(number, answer_to(world, number, size=0))
    world.answer(waiting, answer_to(world, waiting))
    world.refresh("taker", number, 105 * WAD, world.now)
    assert world.answer(number, answer_to(world, number)) is True


def test_a_request_is_the_last_one_s_who_refreshed_it(world):
    number = world.request("taker", **NOW)
    world.set_operator("taker", "operator")
    world.refresh("operator", number, 105 * WAD, world.now)
    world.set_operator("taker", "operator", 0)
    with pytest.raises(errors.NotAuthorised):
        world.answer(number, answer_to(world, number))


# What is no answer. The last lines break two rules, and the first counts.
NO_ANSWER = [
    ({"request": 2}, errors.WrongRequest),
    ({"request": 0}, errors.WrongRequest),
    ({"instrument": 4}, errors.WrongInstrument),
    ({"instrument": SPOT + 3}, errors.WrongInstrument),
    ({"counterparty": 1}, errors.WrongCounterparty),
    ({"bid": 105 * WAD}, errors.CrossedQuote),
    ({"ask": 0}, errors.PriceOutOfRange),
    ({"expiry": 0}, errors.QuoteExpired),
    ({"size": 49}, errors.SizeTooLarge),
    ({"min_size": 51}, errors.SizeTooSmall),
    ({"ask": 106 * WAD}, errors.QuotesDoNotCross),
    ({"request": 2, "instrument": 4}, errors.WrongRequest),
    ({"instrument": 4, "bid": 105 * WAD}, errors.WrongInstrument),
    ({"bid": 105 * WAD, "size": 0}, errors.CrossedQuote),
    ({"size": 49, "ask": 106 * WAD}, errors.SizeTooLarge),
]


@pytest.mark.parametrize(("changes", "reason"), NO_ANSWER)
@pytest.mark.parametrize("is_immediate", [True, False])
def test_what_is_no_answer(world, changes, reason, is_immediate):
    number = world.request("taker", is_immediate=is_immediate)
    signed = answer_to(world, number, **changes)
    with pytest.raises(reason):
        world.answer(number, signed)
    with pytest.raises(reason):
        world.accept("taker", number, signed, True)


@pytest.mark.parametrize("is_immediate", [True, False])
def test_an_answer_is_signed_and_its_nonce_unused(world, is_immediate):
    number = world.request("taker", is_immediate=is_immediate)
    signed = answer_to(world, number)
    raised = replace(signed.quote, size=200)
    for forged in (
        Signed(raised, signed.data, Signature()),
        world.sign(signed.quote, "relayer"),
    ):
        with pytest.raises(errors.BadSignature):
            world.answer(number, forged)
        with pytest.raises(errors.BadSignature):
            world.accept("taker", number, forged, True)
    world.cancel("maker", world.accounts["maker"], 0)
    with pytest.raises(errors.NonceUsed):
        world.answer(number, signed)
    with pytest.raises(errors.NonceUsed):
        world.accept("taker", number, signed, True)


@pytest.mark.parametrize("is_immediate", [True, False])
def test_an_answer_uses_its_nonce_up_when_it_fills(world, is_immediate):
    terms = {"is_immediate": is_immediate}
    first, second = world.request("taker", **terms), world.request("taker", **terms)
    if is_immediate:
        world.answer(first, answer_to(world, first))
    else:
        world.accept("taker", first, answer_to(world, first), True)
    with pytest.raises(errors.NonceUsed):
        world.answer(second, answer_to(world, second))


def test_a_quote_that_names_a_request_is_for_that_one_alone(world):
    number, other = world.request("taker", **NOW), world.request("taker", **NOW)
    signed = answer_to(world, number)
    account = world.accounts["taker"]
    with pytest.raises(errors.WrongRequest):
        world.take_two_sided("taker", signed, account, 50, True)
    with pytest.raises(errors.WrongRequest):
        world.convert_two_sided(signed, account, 50)
    with pytest.raises(errors.WrongRequest):
        world.answer(other, signed)
    world.answer(number, signed)


def test_a_named_counterparty_answers_alone(world):
    number = world.request("taker", counterparty=world.accounts["wallet"])
    with pytest.raises(errors.WrongCounterparty):
        world.answer(number, answer_to(world, number, bid=200 * WAD))
    with pytest.raises(errors.WrongCounterparty):
        world.accept("taker", number, answer_to(world, number), True)
    signed = answer_to(world, number, "wallet")
    assert world.answer(number, signed) is False
    world.accept("taker", number, signed, True)


# Answers that wait to be accepted


@pytest.mark.parametrize("is_buy", [True, False])
def test_who_asked_for_either_side_chooses_one(world, is_buy):
    number = world.request("taker", **ANY)
    signed = answer_to(world, number)
    assert world.answer(number, signed) is False
    assert not world.fills
    world.accept("taker", number, signed, is_buy)
    (fill,) = world.fills
    assert fill.price == (105 if is_buy else 95) * WAD
    with pytest.raises(errors.UnknownRequest):
        world.accept("taker", number, answer_to(world, number, nonce=1), is_buy)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_one_side_is_an_answer_to_either(world, side):
    number = world.request("taker", **ANY)
    with pytest.raises(errors.PriceOutOfRange):
        world.answer(number, answer_to(world, number, bid=0, ask=0))
    signed = answer_to(world, number, **{"ask" if side == "bid" else "bid": 0})
    world.answer(number, signed)
    with pytest.raises(errors.PriceOutOfRange):
        world.accept("taker", number, signed, side == "bid")
    world.accept("taker", number, signed, side == "ask")


@pytest.mark.parametrize("is_buy", [True, False])
def test_who_asked_for_one_side_has_that_one(world, is_buy):
    number = world.request("taker", **({} if is_buy else SALE))
    signed = answer_to(world, number, instrument=4)
    with pytest.raises(errors.WrongSide):
        world.accept("taker", number, signed, not is_buy)
    world.accept("taker", number, answer_to(world, number), is_buy)


def test_without_a_limit_what_waits_takes_any_price(world):
    for terms in ({"limit": 0}, SALE | {"limit": 0}):
        number = world.request("taker", **terms)
        wide = answer_to(world, number, bid=1, ask=2**200)
        assert world.answer(number, wide) is False


@pytest.mark.parametrize("caller", ["maker", "relayer"])
def test_nobody_decides_for_another(world, caller):
    number = world.request("taker")
    for attempt in (
        lambda: world.accept(caller, number, answer_to(world, 0), True),
        lambda: world.refresh(caller, number, MAX_LIMIT + 1, 0),
        lambda: world.cancel_request(caller, number),
    ):
        with pytest.raises(errors.NotAuthorised):
            attempt()


def test_an_operator_decides_while_he_may_trade(world):
    world.set_operator("taker", "operator")
    first, second = world.request("operator"), world.request("taker")
    world.refresh("operator", second, 0, world.now)
    world.cancel_request("operator", first)
    world.set_operator("taker", "operator", WITHDRAW)
    with pytest.raises(errors.NotAuthorised):
        world.accept("operator", second, answer_to(world, second), True)


def test_what_was_not_announced_can_be_accepted(world):
    number = world.request("taker")
    world.accept("taker", number, answer_to(world, number), True)
    soon = world.request("taker", **NOW)
    world.accept("taker", soon, answer_to(world, soon, nonce=1), True)


# Refreshed, cancelled, over


def test_a_refreshed_limit_counts(world):
    number = world.request("taker", **NOW, limit=104 * WAD)
    with pytest.raises(errors.QuotesDoNotCross):
        world.answer(number, answer_to(world, number))
    with pytest.raises(errors.PriceOutOfRange):
        world.refresh("taker", number, 0, world.now)
    with pytest.raises(errors.PriceOutOfRange):
        world.refresh("taker", number, MAX_LIMIT + 1, 0)
    world.refresh("taker", number, 105 * WAD, world.now)
    world.answer(number, answer_to(world, number))


def test_either_side_has_no_limit_later_either(world):
    number = world.request("taker", **ANY)
    with pytest.raises(errors.PriceOutOfRange):
        world.refresh("taker", number, 1, world.now)


@pytest.mark.parametrize("is_immediate", [True, False])
def test_a_request_fills_in_its_last_second_and_not_later(world, is_immediate):
    terms = {"expiry": world.now + 5, "is_immediate": is_immediate}
    numbers = [world.request("taker", **terms) for _ in range(2)]
    signed = [answer_to(world, n, nonce=n) for n in numbers]
    world.chain.advance_to(world.now + 5)
    world.accept("taker", numbers[0], signed[0], True)
    world.chain.advance_to(world.now + 1)
    for attempt in (
        lambda: world.answer(numbers[1], signed[1]),
        lambda: world.accept("maker", numbers[1], signed[1], True),
        lambda: world.refresh("maker", numbers[1], 105 * WAD, world.now + 5),
    ):
        with pytest.raises(errors.RequestExpired):
            attempt()
    world.cancel_request("taker", numbers[1])


def test_what_is_closed_is_closed_for_good(world):
    cancelled, filled = world.request("taker"), world.request("taker", **NOW)
    world.cancel_request("taker", cancelled)
    world.answer(filled, answer_to(world, filled))
    for number in (0, cancelled, filled, 3, 2**256 - 1):
        signed = answer_to(world, number, nonce=1)
        for attempt in (
            lambda n=number, s=signed: world.answer(n, s),
            lambda n=number, s=signed: world.accept("taker", n, s, True),
            lambda n=number: world.refresh("taker", n, 105 * WAD, world.now),
            lambda n=number: world.cancel_request("taker", n),
        ):
            with pytest.raises(errors.UnknownRequest):
                attempt()
    assert requests.count_of(world.state.requests, world.accounts["taker"]) == 0


@pytest.mark.parametrize("is_immediate", [True, False])
def test_a_refused_fill_leaves_the_request_open(world, is_immediate):
    number = world.request("taker", is_immediate=is_immediate)
    signed = answer_to(world, number)
    world.set_refusing(True)
    with pytest.raises(Unfunded):
        world.accept("taker", number, signed, True)
    world.set_refusing(False)
    world.accept("taker", number, signed, True)


# Requests of the system


def test_anyone_asks_makers_to_convert_what_is_due(world):
    account = world.accounts["taker"]
    with pytest.raises(errors.NotConvertible):
        world.request_conversion(account)
    world.set_due("taker", 3, 10**18)
    assert world.request_conversion(account) == (3, 10**18)
    world.set_due("taker", 2, 0)
    world.chain.advance_to(world.now + PAUSE)
    with pytest.raises(errors.NotConvertible):
        world.request_conversion(account)


def test_makers_need_not_hear_it_twice(world):
    account = world.accounts["taker"]
    for role in ("taker", "maker"):
        world.set_due(role, 3, 10**18)
    world.request_conversion(account)
    world.request_conversion(world.accounts["maker"])
    world.set_due("taker", 3, 0)
    world.chain.advance_to(world.now + PAUSE - 1)
    with pytest.raises(errors.AlreadyRequested):
        world.request_conversion(account)
    world.set_due("taker", 2, 5)
    world.chain.advance_to(world.now + 1)
    assert world.request_conversion(account) == (2, 5)
