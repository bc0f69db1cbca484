"""Two-sided quotes: what is signed, which side fills, and that only one does."""

import dataclasses
from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keeper.artifacts import artifact
from keeper.chain.revm import RevmChain
from specs import errors
from specs.accounts import WITHDRAW
from specs.fixed_point import WAD
from specs.quote_desk import Signature
from specs.quotes import SPOT, TwoSided, compute_domain, compute_two_sided_digest
from tests.helpers.quotes import ADMIN, Signed, Unfunded

NOBODY = Signature()
WORDS = st.one_of(st.integers(0, 300), st.integers(0, 2**256 - 1))
QUOTES = st.builds(TwoSided, *[WORDS] * 10)
EXAMPLE = TwoSided(5 << 96, SPOT + 2, 2 * WAD, 3 * WAD, 10**18, 1, 2**255, 2**40, 6, 7)
DESK = "0x" + "12" * 20
DOMAIN = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
}


def typed_data(chain_id, quote):
    """What a wallet is given to sign; its fields are those of the published ABI."""
    abi = artifact("QuoteDesk").abi
    method = next(entry for entry in abi if entry.get("name") == "two_sided_digest")
    fields = method["inputs"][0]["components"]
    return {
        "types": {
            "EIP712Domain": [{"name": n, "type": t} for n, t in DOMAIN.items()],
            "TwoSided": [{"name": f["name"], "type": f["type"]} for f in fields],
        },
        "primaryType": "TwoSided",
        "domain": {
            "name": "Rucksack QuoteDesk",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": DESK,
        },
        "message": dataclasses.asdict(quote),
    }


# What is signed


@given(chain_id=st.integers(1, 2**64), quote=QUOTES)
def test_digest_is_the_one_that_wallets_sign(chain_id, quote):
    message = encode_typed_data(full_message=typed_data(chain_id, quote))
    expected = keccak(b"\x19" + message.version + message.header + message.body)
    assert compute_two_sided_digest(compute_domain(chain_id, DESK), quote) == expected


def test_contract_and_specification_digest_alike():
    chain = RevmChain()
    desk = chain.deploy(ADMIN, "QuoteDesk", ADMIN, ADMIN)
    domain = compute_domain(chain.chain_id, desk.address)
    for field in (None, *dataclasses.fields(TwoSided)):
        quote = replace(EXAMPLE, **{field.name: 1}) if field else EXAMPLE
        digest = chain.call(desk, "two_sided_digest", dataclasses.astuple(quote))
        assert digest == compute_two_sided_digest(domain, quote)


@pytest.mark.parametrize("field", ["bid", "ask", "size", "min_size", "nonce", "expiry"])
@pytest.mark.parametrize("is_buy", [True, False])
def test_a_signature_is_of_one_quote(world, field, is_buy):
    signed = world.sign(world.two_sided(instrument=SPOT + 3))
    changed = replace(signed.quote, **{field: getattr(signed.quote, field) + 1})
    forged = Signed(changed, signed.data, NOBODY)
    account = world.accounts["taker"]
    with pytest.raises(errors.BadSignature):
        world.take_two_sided("taker", forged, account, 50, is_buy)
    with pytest.raises(errors.BadSignature):
        world.convert_two_sided(forged, account, 50)


def test_an_operator_may_sign_while_he_may_trade(world):
    account = world.accounts["taker"]
    world.set_operator("maker", "operator")
    signed = world.sign(world.two_sided(), "operator")
    world.take_two_sided("taker", signed, account, 10, True)
    world.set_operator("maker", "operator", WITHDRAW)
    signed = world.sign(world.two_sided(nonce=1), "operator")
    with pytest.raises(errors.BadSignature):
        world.take_two_sided("taker", signed, account, 10, True)


# Which side fills


@pytest.mark.parametrize("instrument", [3, SPOT + 3])
@pytest.mark.parametrize("is_buy", [True, False])
def test_who_buys_pays_the_ask_and_who_sells_gets_the_bid(world, instrument, is_buy):
    signed = world.sign(world.two_sided(instrument=instrument))
    maker, taker = world.accounts["maker"], world.accounts["taker"]
    assert world.take_two_sided("taker", signed, taker, 60, is_buy) == 60
    (fill,) = world.fills
    assert fill.price == (105 if is_buy else 95) * WAD
    assert (fill.buyer, fill.seller) == ((taker, maker) if is_buy else (maker, taker))
    assert fill.is_maker_buying != is_buy
    assert (fill.is_spot, fill.size) == (instrument >= SPOT, 60)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_one_side_fills_once(world, first, second):
    signed, account = world.sign(world.two_sided()), world.accounts["taker"]
    world.take_two_sided("taker", signed, account, 10, first)
    with pytest.raises(errors.NonceUsed):
        world.take_two_sided("taker", signed, account, 10, second)
    with pytest.raises(errors.NonceUsed):
        world.take("taker", world.sign(world.quote()), account, 10)


def test_a_cancelled_quote_fills_on_neither_side(world):
    signed, account = world.sign(world.two_sided()), world.accounts["taker"]
    world.cancel("maker", world.accounts["maker"], 0)
    for is_buy in (True, False):
        with pytest.raises(errors.NonceUsed):
            world.take_two_sided("taker", signed, account, 10, is_buy)


@pytest.mark.parametrize("is_buy", [True, False])
def test_a_side_that_is_not_quoted_does_not_fill(world, is_buy):
    signed = world.sign(world.two_sided(**{"ask" if is_buy else "bid": 0}))
    account = world.accounts["taker"]
    with pytest.raises(errors.PriceOutOfRange):
        world.take_two_sided("taker", signed, account, 10, is_buy)
    world.take_two_sided("taker", signed, account, 10, not is_buy)


@pytest.mark.parametrize("is_buy", [True, False])
def test_the_bid_is_below_the_ask(world, is_buy):
    account = world.accounts["taker"]
    for bid, ask in ((100 * WAD, 100 * WAD), (101 * WAD, 100 * WAD)):
        crossed = world.sign(world.two_sided(bid=bid, ask=ask))
        with pytest.raises(errors.CrossedQuote):
            world.take_two_sided("taker", crossed, account, 10, is_buy)
    narrow = world.sign(world.two_sided(bid=100 * WAD - 1, ask=100 * WAD))
    world.take_two_sided("taker", narrow, account, 10, is_buy)


@pytest.mark.parametrize(
    ("changes", "size", "reason"),
    [
        ({"size": 0}, 10, errors.ZeroAmount),
        ({"expiry": 0}, 10, errors.QuoteExpired),
        ({"instrument": 32}, 10, errors.UnknownMarket),
        ({"instrument": SPOT}, 10, errors.UnknownAsset),
        ({"counterparty": 1}, 10, errors.WrongCounterparty),
        ({}, 9, errors.SizeTooSmall),
        ({}, 101, errors.SizeTooLarge),
        ({"request": 1}, 10, errors.WrongRequest),
        ({"request": 1, "bid": 200 * WAD}, 10, errors.WrongRequest),
        ({"bid": 200 * WAD, "size": 0}, 10, errors.CrossedQuote),
    ],
)
@pytest.mark.parametrize("is_buy", [True, False])
def test_what_cannot_be_taken(world, changes, size, reason, is_buy):
    signed = world.sign(world.two_sided(**changes))
    with pytest.raises(reason):
        world.take_two_sided("taker", signed, world.accounts["taker"], size, is_buy)


def test_a_named_counterparty_takes(world):
    account = world.accounts["taker"]
    signed = world.sign(world.two_sided(counterparty=account))
    assert world.take_two_sided("taker", signed, account, 10, False) == 10


@pytest.mark.parametrize("caller", ["maker", "relayer"])
def test_nobody_takes_for_another(world, caller):
    signed = world.sign(world.two_sided(request=1))
    with pytest.raises(errors.NotAuthorised):
        world.take_two_sided(caller, signed, world.accounts["taker"], 10, True)


@pytest.mark.parametrize("is_buy", [True, False])
def test_the_side_that_fills_is_inside_the_band(world, is_buy):
    account = world.accounts["taker"]
    low, high = 90 * WAD, 110 * WAD
    signed = world.sign(world.two_sided(bid=low - 1, ask=high + 1))
    with pytest.raises(errors.PriceOutOfBand):
        world.take_two_sided("taker", signed, account, 10, is_buy)
    edge = world.two_sided(bid=low - is_buy, ask=high + (not is_buy))
    world.take_two_sided("taker", world.sign(edge), account, 10, is_buy)


def test_a_refused_fill_uses_nothing_up(world):
    signed, account = world.sign(world.two_sided()), world.accounts["taker"]
    world.set_refusing(True)
    with pytest.raises(Unfunded):
        world.take_two_sided("taker", signed, account, 10, True)
    world.set_refusing(False)
    world.take_two_sided("taker", signed, account, 10, True)


# Collateral that is converted


def test_the_bid_converts(world):
    signed = world.sign(world.two_sided(instrument=SPOT + 3))
    account = world.accounts["wallet"]
    assert world.convert_two_sided(signed, account, 50) == 50
    sale = world.conversions[-1]
    assert (sale.asset, sale.account, sale.amount) == (3, account, 50)
    assert (sale.buyer, sale.price) == (world.accounts["maker"], 95 * WAD)
    with pytest.raises(errors.NonceUsed):
        world.convert_two_sided(signed, account, 10)
    with pytest.raises(errors.NonceUsed):
        world.take_two_sided("taker", signed, world.accounts["taker"], 10, True)


@pytest.mark.parametrize(
    ("changes", "amount", "reason"),
    [
        ({"request": 1}, 50, errors.WrongRequest),
        ({"bid": 105 * WAD}, 50, errors.CrossedQuote),
        ({"bid": 0}, 50, errors.PriceOutOfRange),
        ({"instrument": 3}, 50, errors.WrongInstrument),
        ({"counterparty": 1}, 50, errors.WrongCounterparty),
        ({"bid": 90 * WAD - 1}, 50, errors.PriceOutOfBand),
        ({}, 101, errors.SizeTooLarge),
    ],
)
def test_what_converts_no_collateral(world, changes, amount, reason):
    signed = world.sign(world.two_sided(**{"instrument": SPOT + 3, **changes}))
    with pytest.raises(reason):
        world.convert_two_sided(signed, world.accounts["taker"], amount)
