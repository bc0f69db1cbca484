"""Quotes: what is signed, which pairs fill, how much, and why the others do not."""

import dataclasses

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keeper.artifacts import artifact
from keeper.chain.revm import RevmChain
from specs import errors
from specs.fixed_point import WAD
from specs.quotes import SPOT, Quote, compute_domain, compute_quote_digest
from tests.helpers.quotes import ADMIN, key_of, sign_quote

WORDS = st.one_of(st.integers(0, 300), st.integers(0, 2**256 - 1))
QUOTES = st.builds(
    Quote, WORDS, WORDS, st.booleans(), WORDS, WORDS, WORDS, WORDS, WORDS, WORDS
)
ADDRESSES = st.integers(1, 2**160 - 1).map(lambda number: f"0x{number:040x}")
EXAMPLE = Quote(5 << 96, SPOT + 2, True, 10**18, 1, 3 * WAD, 2**255, 2**40, 6 << 96)

# Changes of the maker's bid and the taker's ask, and what they are refused for. Each
# line but the last ones breaks one rule; the last ones break two, and the first counts.
REFUSED = [
    ({"size": 0}, {}, errors.ZeroAmount),
    ({}, {"size": 0}, errors.ZeroAmount),
    ({"price": 0}, {}, errors.PriceOutOfRange),
    ({}, {"price": 0}, errors.PriceOutOfRange),
    ({"expiry": 0}, {}, errors.QuoteExpired),
    ({}, {"expiry": 0}, errors.QuoteExpired),
    ({"instrument": 32}, {"instrument": 32}, errors.UnknownMarket),
    ({"instrument": SPOT - 1}, {"instrument": SPOT - 1}, errors.UnknownMarket),
    ({"instrument": SPOT}, {"instrument": SPOT}, errors.UnknownAsset),
    ({"instrument": SPOT + 32}, {"instrument": SPOT + 32}, errors.UnknownAsset),
    ({"instrument": 2**256 - 1}, {}, errors.UnknownAsset),
    ({"instrument": 4}, {}, errors.WrongInstrument),
    ({"instrument": SPOT + 3}, {}, errors.WrongInstrument),
    ({"is_buy": False}, {}, errors.SameSide),
    ({}, {"is_buy": True}, errors.SameSide),
    ({"counterparty": 1}, {}, errors.WrongCounterparty),
    ({}, {"counterparty": 1}, errors.WrongCounterparty),
    ({"price": 100 * WAD - 1}, {}, errors.QuotesDoNotCross),
    ({}, {"price": 100 * WAD + 1}, errors.QuotesDoNotCross),
    ({"min_size": 100}, {"size": 99}, errors.SizeTooSmall),
    ({"size": 99}, {"min_size": 100}, errors.SizeTooSmall),
    ({"min_size": 101}, {"size": 101}, errors.SizeTooSmall),
    ({"size": 0, "price": 0}, {}, errors.ZeroAmount),
    ({"price": 0, "expiry": 0}, {}, errors.PriceOutOfRange),
    ({"expiry": 0, "instrument": 32}, {}, errors.QuoteExpired),
    ({"instrument": 32}, {"size": 0}, errors.UnknownMarket),
    ({"instrument": 4, "is_buy": False}, {}, errors.WrongInstrument),
    ({"is_buy": False, "counterparty": 1}, {}, errors.SameSide),
    ({"counterparty": 1, "price": 1}, {}, errors.WrongCounterparty),
    ({"price": 1, "size": 1}, {}, errors.QuotesDoNotCross),
]


# What is signed


def typed_data(chain_id, desk, quote):
    """What a wallet is given to sign; its fields are those of the published ABI."""
    abi = artifact("QuoteDesk").abi
    method = next(entry for entry in abi if entry.get("name") == "quote_digest")
    domain = ["name string", "version string", "chainId uint256"]
    domain = [dict(zip(("name", "type"), line.split(), strict=True)) for line in domain]
    domain.append({"name": "verifyingContract", "type": "address"})
    fields = [
        {"name": part["name"], "type": part["type"]}
        for part in method["inputs"][0]["components"]
    ]
    return {
        "types": {"EIP712Domain": domain, "Quote": fields},
        "primaryType": "Quote",
        "domain": {
            "name": "Rucksack QuoteDesk",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": desk,
        },
        "message": dataclasses.asdict(quote),
    }


@given(chain_id=st.integers(1, 2**64), desk=ADDRESSES, quote=QUOTES)
def test_digest_is_the_one_that_wallets_sign(chain_id, desk, quote):
    message = encode_typed_data(full_message=typed_data(chain_id, desk, quote))
    expected = keccak(b"\x19" + message.version + message.header + message.body)
    assert compute_quote_digest(compute_domain(chain_id, desk), quote) == expected


def test_signature_is_the_one_that_wallets_make():
    key, desk = key_of("maker"), "0x" + "12" * 20
    data = typed_data(1, desk, EXAMPLE)
    signed = Account.sign_typed_data(key.private.secret, full_message=data)
    assert sign_quote(key, 1, desk, EXAMPLE) == signed.signature


@pytest.mark.parametrize("chain_id", [1, 1337])
def test_contract_and_specification_digest_alike(chain_id):
    chain = RevmChain(chain_id=chain_id)
    desk = chain.deploy(ADMIN, "QuoteDesk", ADMIN, ADMIN)
    domain = compute_domain(chain_id, desk.address)
    quotes = [EXAMPLE] + [
        dataclasses.replace(EXAMPLE, **{field.name: 1})
        for field in dataclasses.fields(Quote)
        if field.name != "is_buy"
    ]
    quotes.append(dataclasses.replace(EXAMPLE, is_buy=False))
    for quote in quotes:
        digest = chain.call(desk, "quote_digest", dataclasses.astuple(quote))
        assert digest == compute_quote_digest(domain, quote)


# Two quotes


@pytest.mark.parametrize(("maker", "taker", "reason"), REFUSED)
def test_quotes_that_do_not_fill(world, maker, taker, reason):
    with pytest.raises(reason):
        world.cross(*world.sides(maker, taker))


@pytest.mark.parametrize("is_buy", [True, False])
def test_equal_prices_cross_whoever_comes_first(world, is_buy):
    maker = {"is_buy": is_buy}
    assert world.cross(*world.sides(maker, {"is_buy": not is_buy})) == 100


def test_prices_that_do_not_cross_are_refused_with_the_seller_first(world):
    maker = {"is_buy": False}
    taker = {"is_buy": True, "price": 100 * WAD - 1}
    with pytest.raises(errors.QuotesDoNotCross):
        world.cross(*world.sides(maker, taker))


def test_quotes_of_one_account_do_not_fill(world):
    bid = world.sign(world.quote())
    ask = world.sign(world.quote(is_buy=False, nonce=1))
    with pytest.raises(errors.SameAccount):
        world.cross(bid, ask)


def test_a_quote_does_not_fill_itself(world):
    with pytest.raises(errors.SameSide):
        world.cross(world.sign(world.quote()), world.sign(world.quote()))


@pytest.mark.parametrize(
    ("size", "minimum", "other", "filled"),
    [(100, 100, 100, 100), (100, 1, 60, 60), (60, 60, 100, 60), (1, 0, 2**200, 1)],
)
def test_the_smaller_size_is_filled(world, size, minimum, other, filled):
    maker = {"size": size, "min_size": minimum}
    assert world.cross(*world.sides(maker, {"size": other, "min_size": 0})) == filled


def test_a_quote_fills_in_its_last_second_and_not_later(world):
    sides = world.sides({"expiry": world.now + 5}, {"expiry": world.now + 5})
    later = world.sides({"expiry": world.now + 5, "nonce": 1}, {"nonce": 1})
    world.chain.advance_to(world.now + 5)
    world.cross(*sides)
    world.chain.advance_to(world.now + 1)
    with pytest.raises(errors.QuoteExpired):
        world.cross(*later)


@pytest.mark.parametrize("instrument", [3, SPOT + 3])
@pytest.mark.parametrize("is_buy", [True, False])
def test_the_fill_is_at_the_price_of_the_maker(world, instrument, is_buy):
    better = 99 * WAD if is_buy else 101 * WAD
    maker = {"instrument": instrument, "is_buy": is_buy}
    taker = {"instrument": instrument, "is_buy": not is_buy, "price": better}
    world.cross(*world.sides(maker, taker))
    (fill,) = world.fills
    assert (fill.price, fill.is_maker_buying) == (100 * WAD, is_buy)
    assert fill.is_spot == (instrument >= SPOT)
    assert fill.number == 3
    parties = [world.accounts["maker"], world.accounts["taker"]]
    assert [fill.buyer, fill.seller] == (parties if is_buy else parties[::-1])


@pytest.mark.parametrize("instrument", [0, 31, SPOT + 1, SPOT + 31])
def test_every_listed_number_can_be_traded(world, instrument):
    world.set_band(instrument, 1, 200 * WAD)
    sides = world.sides({"instrument": instrument}, {"instrument": instrument})
    assert world.cross(*sides) == 100


def test_named_counterparties_fill(world):
    maker = {"counterparty": world.accounts["taker"]}
    taker = {"counterparty": world.accounts["maker"]}
    assert world.cross(*world.sides(maker, taker)) == 100


# A quote and a taker


@pytest.mark.parametrize(
    ("changes", "size", "reason"),
    [
        ({"size": 0}, 10, errors.ZeroAmount),
        ({"price": 0}, 10, errors.PriceOutOfRange),
        ({"expiry": 0}, 10, errors.QuoteExpired),
        ({"instrument": 32}, 10, errors.UnknownMarket),
        ({"instrument": SPOT}, 10, errors.UnknownAsset),
        ({"counterparty": 1}, 10, errors.WrongCounterparty),
        ({"min_size": 0}, 0, errors.ZeroAmount),
        ({}, 9, errors.SizeTooSmall),
        ({}, 101, errors.SizeTooLarge),
        ({"min_size": 101}, 101, errors.SizeTooLarge),
    ],
)
def test_what_cannot_be_taken(world, changes, size, reason):
    maker = world.sign(world.quote(**changes))
    with pytest.raises(reason):
        world.take("taker", maker, world.accounts["taker"], size)


def test_a_quote_is_not_taken_by_its_own_account(world):
    maker = world.sign(world.quote())
    with pytest.raises(errors.SameAccount):
        world.take("maker", maker, maker.quote.account, 10)


@pytest.mark.parametrize("size", [10, 55, 100])
@pytest.mark.parametrize("is_buy", [True, False])
def test_a_taker_chooses_within_the_sizes(world, size, is_buy):
    maker = world.sign(world.quote(is_buy=is_buy))
    account = world.accounts["taker"]
    assert world.take("taker", maker, account, size) == size
    (fill,) = world.fills
    assert (fill.seller if is_buy else fill.buyer) == account
    assert fill.is_maker_buying == is_buy


# A quote and collateral that is converted


@pytest.mark.parametrize(
    ("changes", "amount", "reason"),
    [
        ({"size": 0}, 10, errors.ZeroAmount),
        ({"price": 0}, 10, errors.PriceOutOfRange),
        ({"expiry": 0}, 10, errors.QuoteExpired),
        ({"instrument": SPOT}, 10, errors.UnknownAsset),
        ({"instrument": SPOT + 32}, 10, errors.UnknownAsset),
        ({"counterparty": 1}, 10, errors.WrongCounterparty),
        ({}, 0, errors.ZeroAmount),
        ({}, 9, errors.SizeTooSmall),
        ({}, 101, errors.SizeTooLarge),
        ({"instrument": 3}, 10, errors.WrongInstrument),
        ({"is_buy": False}, 10, errors.SameSide),
        ({"instrument": 3, "is_buy": False}, 10, errors.WrongInstrument),
        ({"is_buy": False}, 101, errors.SizeTooLarge),
    ],
)
def test_what_converts_no_collateral(world, changes, amount, reason):
    maker = world.sign(world.quote(**{"instrument": SPOT + 3, **changes}))
    with pytest.raises(reason):
        world.convert(maker, world.accounts["taker"], amount)


def test_an_account_is_not_converted_by_its_own_quote(world):
    maker = world.sign(world.quote(instrument=SPOT + 3))
    with pytest.raises(errors.SameAccount):
        world.convert(maker, maker.quote.account, 10)


@pytest.mark.parametrize("amount", [10, 57, 100])
def test_so_much_is_converted_as_is_asked(world, amount):
    maker = world.sign(world.quote(instrument=SPOT + 3))
    assert world.convert(maker, world.accounts["taker"], amount) == amount
