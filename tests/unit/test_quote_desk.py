"""The quote desk: who may, whose signature counts, what is used up, what is logged."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from specs import errors
from specs.accounts import WITHDRAW
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.quote_desk import Signature
from specs.quotes import SPOT
from specs.signatures import ORDER
from tests.helpers.quotes import (
    ADMIN,
    NoPrice,
    Signed,
    Unfunded,
    World,
    key_of,
    sign_quote,
)

NOBODY = Signature()
MAGIC = bytes.fromhex("1626ba7e") + bytes(28)


def twin(data):
    """The other signature of the same key and digest, with the high s."""
    s = ORDER - int.from_bytes(data[32:64], "big")
    return data[:32] + s.to_bytes(32, "big") + bytes([55 - data[64]])


MALFORMED = {
    "empty": lambda data: b"",
    "short": lambda data: data[:64],
    "long": lambda data: data + b"\0",
    "longest": lambda data: data.ljust(256, b"\0"),
    "twin": twin,
    "v as a bit": lambda data: data[:64] + bytes([data[64] - 27]),
    "no point": lambda data: bytes(64) + data[64:],
}


# Whose signature counts


@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("side", [0, 1])
def test_malformed_signatures_are_refused(world, spoil, side):
    sides = list(world.sides())
    sides[side] = Signed(sides[side].quote, spoil(sides[side].data), NOBODY)
    with pytest.raises(errors.BadSignature):
        world.cross(*sides)


@pytest.mark.parametrize("field", ["size", "min_size", "price", "nonce", "expiry"])
def test_a_signature_is_of_one_quote(world, field):
    bid = world.sign(world.quote())
    changed = replace(bid.quote, **{field: getattr(bid.quote, field) + 1})
    forged = Signed(changed, bid.data, NOBODY)
    with pytest.raises(errors.BadSignature):
        world.cross(forged, world.sides()[1])
    with pytest.raises(errors.BadSignature):
        world.take("taker", forged, world.accounts["taker"], 50)


@pytest.mark.parametrize("change", ["chain", "desk"])
def test_a_signature_is_for_one_desk_on_one_chain(world, change):
    quote, chain_id, desk = world.quote(), world.chain.chain_id, world.desk.address
    if change == "chain":
        chain_id += 1
    else:
        desk = world.host.address
    data = sign_quote(key_of("maker"), chain_id, desk, quote)
    with pytest.raises(errors.BadSignature):
        world.cross(Signed(quote, data, NOBODY), world.sides()[1])


@pytest.mark.parametrize("signer", ["taker", "relayer"])
def test_a_stranger_cannot_sign(world, signer):
    with pytest.raises(errors.BadSignature):
        world.cross(world.sign(world.quote(), signer), world.sides()[1])


def test_an_operator_may_sign_while_he_may_trade(world):
    world.set_operator("maker", "operator")
    world.cross(world.sign(world.quote(), "operator"), world.sides()[1])
    world.set_operator("maker", "operator", WITHDRAW)
    with pytest.raises(errors.BadSignature):
        world.cross(
            world.sign(world.quote(nonce=1), "operator"),
            world.sides(taker={"nonce": 1})[1],
        )


def test_nobody_signs_for_the_accounts_of_the_protocol(world):
    for account in (0, 1, 2):
        quote = world.quote(account=account)
        for data in (bytes(64) + b"\x1b", bytes(65), b""):
            with pytest.raises(errors.BadSignature):
                world.cross(Signed(quote, data, NOBODY), world.sides()[1])


# Wallets (EIP-1271)


def test_a_wallet_accepts_the_signature_of_its_key(world):
    account = world.accounts["wallet"]
    world.cross(world.sign(world.quote("wallet")), world.sides()[1])
    quote = world.quote(nonce=1, counterparty=account)
    world.set_operator("wallet", "operator")
    world.take("operator", world.sign(quote), account, 10)


def test_an_operator_of_a_wallet_may_sign(world):
    world.set_operator("wallet", "operator")
    quote = world.quote("wallet")
    world.cross(world.sign(quote, "operator"), world.sides()[1])


def test_a_wallet_refuses_other_signatures(world):
    bid = world.sign(world.quote("wallet"), "relayer")
    with pytest.raises(errors.BadSignature):
        world.cross(bid, world.sides()[1])


@pytest.mark.parametrize("size", [0, 1, 65, 256])
def test_a_wallet_may_accept_whatever_it_likes(world, size):
    send(world, "set_answer", True, MAGIC)
    wallet = Signature(wallet=int(world.wallet.address, 16))
    bid = Signed(world.quote("wallet"), bytes(size), wallet)
    world.cross(bid, world.sides()[1])


def test_a_wallet_may_answer_more_than_a_word(world):
    send(world, "set_answer", True, MAGIC + bytes(64))
    world.cross(world.sign(world.quote("wallet")), world.sides()[1])


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x01", MAGIC[:4], MAGIC[:31], bytes(32), bytes(31) + b"\x01",
     MAGIC[:31] + b"\x01", bytes(28) + MAGIC[:4], bytes(32) + MAGIC],
)  # fmt: skip
def test_any_other_answer_of_a_wallet_is_a_no(world, answer):
    send(world, "set_answer", True, answer)
    bid = Signed(world.quote("wallet"), b"whatever", NOBODY)
    with pytest.raises(errors.BadSignature):
        world.cross(bid, world.sides()[1])


@pytest.mark.parametrize("answer", [b"", MAGIC], ids=["empty", "yes"])
def test_a_wallet_that_reverts_says_no(world, answer):
    send(world, "set_answer", True, answer)
    send(world, "set_reverting", True)
    with pytest.raises(errors.BadSignature):
        world.cross(Signed(world.quote("wallet"), b"", NOBODY), world.sides()[1])


def test_a_wallet_answers_for_its_own_accounts_only(world):
    send(world, "set_answer", True, MAGIC)
    with pytest.raises(errors.BadSignature):
        world.cross(Signed(world.quote(), b"", NOBODY), world.sides()[1])


def send(world, method, *arguments):
    world.chain.send(ADMIN, world.wallet, method, *arguments)


# Who may take


@pytest.mark.parametrize("caller", ["maker", "relayer"])
def test_nobody_takes_for_another(world, caller):
    with pytest.raises(errors.NotAuthorised):
        world.take(caller, world.sign(world.quote()), world.accounts["taker"], 10)


def test_an_operator_takes_while_he_may_trade(world):
    account = world.accounts["taker"]
    world.set_operator("taker", "operator")
    world.take("operator", world.sign(world.quote()), account, 10)
    world.set_operator("taker", "operator", WITHDRAW)
    with pytest.raises(errors.NotAuthorised):
        world.take("operator", world.sign(world.quote(nonce=1)), account, 10)


# Who may have collateral converted


def test_anyone_relays_a_quote_that_converts(world):
    maker = world.sign(world.quote(instrument=SPOT + 3))
    assert not world.operators
    assert world.convert(maker, world.accounts["wallet"], 50) == 50
    sale = world.conversions[-1]
    assert (sale.asset, sale.buyer) == (3, world.accounts["maker"])
    assert (sale.account, sale.amount) == (world.accounts["wallet"], 50)


def test_a_conversion_needs_the_signature_of_who_buys(world):
    quote = world.quote(instrument=SPOT + 3)
    for forged in (world.sign(quote, "taker"), Signed(quote, bytes(65), NOBODY)):
        with pytest.raises(errors.BadSignature):
            world.convert(forged, world.accounts["taker"], 50)
    changed = replace(quote, price=quote.price - 1)
    forged = Signed(changed, world.sign(quote).data, NOBODY)
    with pytest.raises(errors.BadSignature):
        world.convert(forged, world.accounts["taker"], 50)


# What is used up


def test_a_quote_that_converted_is_used_up(world):
    maker = world.sign(world.quote(instrument=SPOT + 3))
    account = world.accounts["taker"]
    world.convert(maker, account, 10)
    for again in (
        lambda: world.convert(maker, account, 10),
        lambda: world.take("taker", maker, account, 10),
    ):
        with pytest.raises(errors.NonceUsed):
            again()


def test_both_quotes_are_used_up_by_a_partial_fill(world):
    maker, taker = world.sides({"size": 1000}, {"size": 50})
    world.cross(maker, taker)
    for pair in [
        (maker, world.sides(taker={"nonce": 1})[1]),
        (world.sides({"nonce": 1})[0], taker),
    ]:
        with pytest.raises(errors.NonceUsed):
            world.cross(*pair)


def test_a_quote_is_taken_once(world):
    maker = world.sign(world.quote())
    world.take("taker", maker, world.accounts["taker"], 10)
    with pytest.raises(errors.NonceUsed):
        world.take("taker", maker, world.accounts["taker"], 10)


def test_two_quotes_with_one_nonce_fill_once(world):
    world.cross(*world.sides())
    with pytest.raises(errors.NonceUsed):
        world.take(
            "taker", world.sign(world.quote(size=11)), world.accounts["taker"], 10
        )


def test_a_cancelled_quote_does_not_fill(world):
    world.cancel("maker", world.accounts["maker"], 0)
    world.cancel_word("taker", world.accounts["taker"], 0, 0b10)
    with pytest.raises(errors.NonceUsed):
        world.cross(*world.sides())
    with pytest.raises(errors.NonceUsed):
        world.cross(*world.sides({"nonce": 2}, {"nonce": 1}))


def test_a_refused_fill_uses_nothing_up(world):
    world.set_refusing(True)
    with pytest.raises(Unfunded):
        world.cross(*world.sides())
    with pytest.raises(Unfunded):
        world.take("taker", world.sides()[0], world.accounts["taker"], 10)
    bid = world.sign(world.quote(instrument=SPOT + 3))
    with pytest.raises(Unfunded):
        world.convert(bid, world.accounts["taker"], 10)
    world.set_refusing(False)
    world.cross(*world.sides())
    with pytest.raises(errors.NonceUsed):
        world.convert(bid, world.accounts["taker"], 10)


# Bands


@pytest.mark.parametrize("instrument", [3, SPOT + 3])
@pytest.mark.parametrize("price", [90 * WAD - 1, 110 * WAD + 1])
def test_a_price_out_of_band_is_refused(world, instrument, price):
    changes = {"instrument": instrument, "price": price}
    with pytest.raises(errors.PriceOutOfBand):
        world.cross(*world.sides(changes, changes))
    bid = world.sign(world.quote(**changes))
    with pytest.raises(errors.PriceOutOfBand):
        world.take("taker", bid, world.accounts["taker"], 10)


@pytest.mark.parametrize("beyond", [-1, 1])
def test_nothing_is_converted_out_of_band(world, beyond):
    end = 100 * WAD + beyond * 10 * WAD
    for price, nonce in ((end + beyond, 0), (end, 1)):
        changes = {"instrument": SPOT + 3, "price": price, "nonce": nonce}
        bid = world.sign(world.quote(**changes))
        if price == end:
            world.convert(bid, world.accounts["taker"], 10)
        else:
            with pytest.raises(errors.PriceOutOfBand):
                world.convert(bid, world.accounts["taker"], 10)


@pytest.mark.parametrize("price", [90 * WAD, 110 * WAD])
def test_the_ends_of_a_band_are_inside(world, price):
    world.cross(*world.sides({"price": price}, {"price": price}))


def test_the_bands_of_markets_and_assets_are_apart(world):
    world.set_band(SPOT + 3, 200 * WAD, 210 * WAD)
    world.cross(*world.sides())
    changes = {"instrument": SPOT + 3, "nonce": 1}
    with pytest.raises(errors.PriceOutOfBand):
        world.cross(*world.sides(changes, changes))


def test_a_limit_of_the_taker_beyond_the_band_is_no_hindrance(world):
    world.cross(*world.sides(taker={"price": 1}))


def test_what_the_oracle_refuses_is_passed_on(world):
    with pytest.raises(NoPrice):
        world.cross(*world.sides({"instrument": 4}, {"instrument": 4}))


# Any order of all of it, in the specification and in the contract

ROLES = st.sampled_from(["maker", "maker", "taker"])
NONCES = st.one_of(
    st.integers(0, 10**6), st.integers(0, 3), st.sampled_from([255, 256, 2**256 - 1])
)
SIZES = st.sampled_from([0, 1, 10, 50, 100, 101, 2**63, 2**256 - 1])
PRICES = st.sampled_from(
    [0, 1, 90 * WAD - 1, 90 * WAD, 100 * WAD, 110 * WAD, 110 * WAD + 1, 2**256 - 1]
)
INSTRUMENTS = st.sampled_from([3, 4, 32, SPOT - 1, SPOT, SPOT + 3, SPOT + 32])
AGES = st.sampled_from([-(10**9), -1, 0, 1, 60])
CALLERS = st.sampled_from(["maker", "maker", "taker", "operator", "relayer"])


@st.composite
def changes(draw):
    """At most two fields other than usual: most quotes should get far."""
    fields = {
        "size": SIZES,
        "min_size": SIZES,
        "price": PRICES,
        "instrument": INSTRUMENTS,
        "age": AGES,
        "is_buy": st.booleans(),
        "counterparty": st.sampled_from(["maker", "taker", "wallet"]),
        "signer": CALLERS,
        "spoil": st.sampled_from(sorted(MALFORMED)),
    }
    names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
    if draw(st.booleans()):
        names = []
    return {name: draw(fields[name]) for name in names}


TERMS = {
    "instrument": INSTRUMENTS,
    "size": SIZES,
    "side": st.integers(0, 3),
    "limit": st.one_of(PRICES, st.sampled_from([95 * WAD, 105 * WAD, 2**100])),
    "age": AGES,
    "counterparty": st.sampled_from(["maker", "taker", "wallet"]),
    "is_immediate": st.booleans(),
}


@st.composite
def asks(draw):
    """A side, a limit that goes with it, and at most one term other than usual."""
    side = draw(st.integers(0, 2))
    limit = (105 * WAD, 95 * WAD, 0)[side]
    usual = {"side": side, "limit": limit}
    if side < 2:
        usual["is_immediate"] = draw(st.booleans())
    if draw(st.booleans()):
        return usual
    name = draw(st.sampled_from(sorted(TERMS)))
    return usual | {name: draw(TERMS[name])}


@st.composite
def sides(draw):
    """At most two fields of a two-sided quote other than usual."""
    fields = {
        "size": SIZES,
        "min_size": SIZES,
        "bid": PRICES,
        "ask": PRICES,
        "instrument": INSTRUMENTS,
        "age": AGES,
        "counterparty": st.sampled_from(["maker", "taker", "wallet"]),
        "request": st.integers(0, 3),
        "signer": CALLERS,
        "spoil": st.sampled_from(sorted(MALFORMED)),
    }
    names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
    if draw(st.booleans()):
        names = []
    return {name: draw(fields[name]) for name in names}


class DeskMachine(RuleBasedStateMachine):
    """Traders, operators and wallets at a desk; `World` compares after every step."""

    @initialize()
    def open(self):
        self.world = World()

    def signed(self, role, nonce, is_spot, changes):
        """The role's quote with changes, signed by whom they say."""
        usual = {"nonce": nonce, "instrument": SPOT * is_spot + 3}
        return self.made(self.world.quote, role, usual | changes)

    def two_sided(self, role, nonce, changes):
        """The role's two-sided quote with changes."""
        return self.made(self.world.two_sided, role, {"nonce": nonce} | changes)

    def made(self, make, role, changes):
        signer, spoil = changes.pop("signer", None), changes.pop("spoil", None)
        quote = make(role, **self.dated(changes))
        signed = self.world.sign(quote, signer)
        if spoil:
            signed = Signed(signed.quote, MALFORMED[spoil](signed.data), NOBODY)
        return signed

    def dated(self, changes):
        """Changes with an expiry for an age, and an account for a counterparty."""
        changes, world = dict(changes), self.world
        changes["expiry"] = max(0, world.now + changes.pop("age", 60))
        if "counterparty" in changes:
            changes["counterparty"] = world.accounts[changes["counterparty"]]
        return changes

    def newest(self, back):
        """The id of a request: usually one that there has been."""
        return max(0, self.world.state.requests.count - back)

    @rule(
        bidder=st.sampled_from(["maker", "wallet"]),
        nonces=st.tuples(NONCES, NONCES),
        is_spot=st.booleans(),
        bid=changes(),
        ask=changes(),
        is_bid_first=st.booleans(),
    )
    def cross(self, bidder, nonces, is_spot, bid, ask, is_bid_first):
        sides = [
            self.signed(bidder, nonces[0], is_spot, bid),
            self.signed("taker", nonces[1], is_spot, ask),
        ]
        with suppress(Revert):
            self.world.cross(*(sides if is_bid_first else sides[::-1]))

    @rule(
        role=st.sampled_from(["maker", "taker", "wallet"]),
        nonce=NONCES,
        changes=changes(),
        caller=CALLERS,
        account=st.sampled_from(["maker", "taker", "taker"]),
        is_own=st.sampled_from([True, True, False]),
        size=st.one_of(st.integers(10, 100), SIZES),
    )
    def take(self, role, nonce, changes, caller, account, is_own, size):
        maker = self.signed(role, nonce, False, changes)
        caller = account if is_own else caller
        with suppress(Revert):
            self.world.take(caller, maker, self.world.accounts[account], size)

    @rule(
        role=st.sampled_from(["maker", "maker", "wallet", "taker"]),
        nonce=NONCES,
        changes=changes(),
        account=st.sampled_from(["maker", "taker", "taker"]),
        amount=st.one_of(st.integers(10, 100), SIZES),
    )
    def convert(self, role, nonce, changes, account, amount):
        maker = self.signed(role, nonce, True, changes)
        with suppress(Revert):
            self.world.convert(maker, self.world.accounts[account], amount)

    @rule(
        role=st.sampled_from(["maker", "taker", "wallet"]),
        nonce=NONCES,
        changes=sides(),
        account=st.sampled_from(["maker", "taker", "taker"]),
        caller=st.sampled_from(["taker", "taker", "operator"]),
        size=st.one_of(st.integers(10, 100), SIZES),
        is_buy=st.booleans(),
        is_converting=st.sampled_from([False, False, True]),
    )
    def take_two_sided(
        self, role, nonce, changes, account, caller, size, is_buy, is_converting
    ):
        account = self.world.accounts[account]
        with suppress(Revert):
            if is_converting:
                changes = {"instrument": SPOT + 3} | changes
                signed = self.two_sided(role, nonce, changes)
                self.world.convert_two_sided(signed, account, size)
            else:
                signed = self.two_sided(role, nonce, changes)
                self.world.take_two_sided(caller, signed, account, size, is_buy)

    @rule(
        caller=st.sampled_from(["taker", "taker", "maker", "operator"]),
        role=st.sampled_from(["taker", "taker", "maker"]),
        terms=asks(),
    )
    def request(self, caller, role, terms):
        with suppress(Revert):
            self.world.request(caller, role, **self.dated(terms))

    @rule(
        caller=CALLERS,
        back=st.integers(-1, 4),
        limit=st.sampled_from([0, 90 * WAD, 95 * WAD, 105 * WAD, 2**100]),
        age=st.sampled_from([-1, 0, 60, 10**6]),
    )
    def refresh(self, caller, back, limit, age):
        with suppress(Revert):
            expiry = max(0, self.world.now + age)
            self.world.refresh(caller, self.newest(back), limit, expiry)

    @rule(caller=CALLERS, back=st.integers(-1, 4))
    def cancel_request(self, caller, back):
        with suppress(Revert):
            self.world.cancel_request(caller, self.newest(back))

    @rule(
        role=st.sampled_from(["maker", "wallet", "taker"]),
        nonce=NONCES,
        back=st.sampled_from([0, 0, 0, 1, 2, -1]),
        changes=sides(),
        decision=st.sampled_from(
            [None, None, ("taker", True), ("taker", False), ("operator", True)]
        ),
    )
    def answer(self, role, nonce, back, changes, decision):
        number = self.newest(back)
        signed = self.two_sided(role, nonce, {"request": number} | changes)
        with suppress(Revert):
            if decision is None:
                self.world.answer(number, signed)
            else:
                self.world.accept(decision[0], number, signed, decision[1])

    @rule(role=st.sampled_from(["maker", "taker"]), most=st.integers(0, 2))
    def request_conversion(self, role, most):
        self.world.set_due(role, 3, most)
        with suppress(Revert):
            self.world.request_conversion(self.world.accounts[role])

    @rule(caller=CALLERS, role=ROLES, nonce=NONCES)
    def cancel(self, caller, role, nonce):
        with suppress(Revert):
            self.world.cancel(caller, self.world.accounts[role], nonce)

    @rule(
        caller=CALLERS,
        role=ROLES,
        word=st.sampled_from([0, 1, 2**248 - 1, 2**248, 2**256 - 1]),
        mask=st.sampled_from([0, 1, 0b1100, 1 << 255]),
    )
    def cancel_word(self, caller, role, word, mask):
        with suppress(Revert):
            account = self.world.accounts[role]
            self.world.cancel_word(caller, account, word, mask)

    @rule(role=st.sampled_from(["maker", "taker", "wallet"]), rights=st.integers(0, 3))
    def set_operator(self, role, rights):
        self.world.set_operator(role, "operator", rights)

    @rule(is_refusing=st.sampled_from([False, False, True]))
    def set_refusing(self, is_refusing):
        self.world.set_refusing(is_refusing)

    @rule(seconds=st.integers(1, 100))
    def wait(self, seconds):
        self.world.chain.advance_to(self.world.now + seconds)

    @invariant()
    def every_nonce_is_used_once(self):
        """I46: fills use two nonces or one, no nonce and no request serves twice."""
        self.world.check()


TestDesk = DeskMachine.TestCase
