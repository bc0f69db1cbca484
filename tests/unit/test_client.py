"""The client: funds, settings and quotes in whole units, and what it refuses."""

from decimal import Decimal

import pytest

from keeper.chain.interface import Refused
from keeper.client.refusals import REMEDIES, explain
from keeper.client.units import Rounding, count, plain, to_decimal
from keeper.devnet import MAKER
from keeper.errors import UserError
from keeper.signing import local_account
from specs import errors
from tests.helpers.clients import KEYS, at_first, mark

STEP = Decimal("0.05")


@pytest.fixture
def client():
    with at_first() as client:
        yield client


@pytest.fixture
def newcomer(client):
    """Somebody with USDC in the wallet and nothing in the vault."""
    account = client.account(local_account("newcomer"))
    account.mint("USDC", 10_000)
    return account


@pytest.mark.parametrize(
    ("number", "steps"), [("0.15", 3), (1, 20), (Decimal("0.1"), 2), ("0", 0)]
)
def test_a_number_on_a_step_is_counted(number, steps):
    for rounding in Rounding:
        assert count(number, STEP, "size", rounding) == steps


@pytest.mark.parametrize(
    ("rounding", "steps"), [("down", 2), ("up", 3), ("nearest", 2)]
)
def test_a_number_between_steps_is_rounded_as_it_is_asked(rounding, steps):
    assert count("0.12", STEP, "size", rounding) == steps


def test_a_number_between_steps_is_refused_with_the_nearest_ones():
    with pytest.raises(UserError, match=r"size: 0.12 .* of 0.05; take 0.1 or 0.15$"):
        count("0.12", STEP, "size")
    with pytest.raises(UserError, match=r"take 0.05$"):
        count("0.01", STEP, "size")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0.1, "write it as '0.1'"),
        (True, "write it as 'True'"),
        ("a lot", "is no number"),
        (None, "is no number"),
        ("-1", "is not a number from 0 on"),
        ("NaN", "is not a number from 0 on"),
        ("Infinity", "is not a number from 0 on"),
    ],
)
def test_what_is_no_exact_quantity_is_refused(number, said):
    with pytest.raises(UserError, match=said):
        count(number, STEP, "size")


def test_an_unknown_rounding_is_refused_with_those_that_there_are():
    with pytest.raises(UserError, match="exact, down, up, nearest"):
        count("0.1", STEP, "size", "away")


@pytest.mark.parametrize(
    ("units", "decimals", "written"),
    [
        (10**30 + 1, 18, "1000000000000.000000000000000001"),
        (1_500, 0, "1500"),
        (-5, 1, "-0.5"),
        (0, 18, "0"),
        (2 * 10**18, 18, "2"),
    ],
)
def test_units_become_a_number_with_every_digit(units, decimals, written):
    assert str(to_decimal(units, decimals)) == plain(to_decimal(units, decimals))
    assert plain(to_decimal(units, decimals)) == written


def test_what_is_listed_has_its_name(client):
    assert client.assets == ["USDC", "BTC", "ETH", "SOL", "USDT"]
    markets = ["BTC-PERP", "ETH-PERP", "SOL-PERP"]
    assert client.instruments == [*markets, "BTC", "ETH", "SOL", "USDT"]


def test_an_unknown_name_is_refused_with_those_that_there_are(newcomer):
    with pytest.raises(UserError, match="no asset DOGE; there are USDC, BTC"):
        newcomer.deposit("DOGE", 1)
    with pytest.raises(UserError, match="no instrument USDC; there are BTC-PERP"):
        newcomer.buy("USDC", 1, 1)


def test_what_comes_in_is_approved_and_what_goes_out_is_received(newcomer):
    newcomer.deposit("USDC", "2500.5")
    assert newcomer.balances()["USDC"].held == Decimal("2500.5")
    assert newcomer.wallet("USDC") == Decimal("7499.5")
    newcomer.withdraw("USDC", 500, receiver=KEYS[3])
    assert newcomer.balances()["USDC"].lent == Decimal("2000.5")
    newcomer.withdraw("USDC", "all")
    assert newcomer.balances() == {}
    assert newcomer.wallet("USDC") == Decimal("9500")


def test_nothing_is_approved_twice(client, newcomer):
    newcomer.approve("USDC")
    token = client.link.listings.asset("USDC").token
    words = newcomer.sender, client.link.deployment.vault
    newcomer.deposit("USDC", 1)
    allowed = client.link.chain.call(token, "allowance", *words)
    assert allowed >= 2**255


def test_what_is_borrowed_is_owed_with_interest_and_repaid(client, newcomer):
    newcomer.deposit("USDC", 10_000)
    newcomer.borrow("BTC", "0.1")
    assert newcomer.wallet("BTC") == Decimal("0.1")
    client.link.chain.advance_to(client.link.chain.block().timestamp + 3_600)
    owed = newcomer.balances()["BTC"].owed
    assert Decimal("0.1") < owed < Decimal("0.1001")
    newcomer.mint("BTC", 1)
    newcomer.repay("BTC", "0.04")
    assert newcomer.balances()["BTC"].owed - (owed - Decimal("0.04")) < Decimal("1e-17")
    newcomer.repay("BTC", "all")
    assert "BTC" not in newcomer.balances() or newcomer.balances()["BTC"].owed == 0
    assert newcomer.wallet("BTC") > Decimal("0.99")


def test_what_is_not_owed_is_not_repaid(newcomer):
    with pytest.raises(Refused) as refused:
        newcomer.repay("USDC", "all")
    assert refused.value.reason == "zero amount"


def test_funds_move_between_accounts_and_lie_idle(client, newcomer):
    newcomer.deposit("USDC", 100)
    second = client.account(local_account("newcomer"), 1)
    newcomer.transfer(second.id, "USDC", 40)
    second.unlend("USDC", 15)
    assert newcomer.balances()["USDC"].held == 60
    found = second.balances()["USDC"]
    assert (round(found.lent), found.idle, round(found.held)) == (25, 15, 40)
    second.lend("USDC", 5)
    assert second.balances()["USDC"].idle == 10


def test_settings_are_chosen_one_by_one(newcomer):
    newcomer.choose(auto_lend=False, max_leverage=7)
    newcomer.choose(auto_realize=True)
    found = newcomer.settings()
    assert (found.auto_lend, found.max_leverage, found.auto_realize) == (False, 7, True)
    assert found.auto_repay


def test_an_operator_acts_with_the_rights_it_was_given(client, newcomer):
    newcomer.deposit("USDC", 100)
    operator = local_account("operator")
    newcomer.set_operator(operator, may_trade=True)
    assert newcomer.may_trade(operator)
    assert not newcomer.may_withdraw(operator)
    acting = client.account(newcomer.owner, actor=operator)
    assert acting.id == newcomer.id
    with pytest.raises(Refused, match="withdraw: not authorised: send from"):
        acting.withdraw("USDC", 1)
    newcomer.set_operator(operator, may_trade=False, may_withdraw=True)
    acting.withdraw("USDC", 1)
    assert acting.wallet("USDC") == 1


def test_positions_and_health_are_in_whole_units(client):
    found = client.account(KEYS[7])
    positions, health = found.positions(), found.health()
    assert positions["BTC-PERP"].size == Decimal("0.5")
    assert positions["SOL-PERP"].size == -500
    assert positions.keys() == {"BTC-PERP", "SOL-PERP"}
    exposure = sum(each.notional for each in positions.values())
    assert health.exposure == exposure > 20_000
    assert health.free == health.initial_equity - health.initial_margin > 0
    assert not health.is_liquidatable


def test_a_quote_is_taken_in_part(client, newcomer):
    newcomer.deposit("USDC", 10_000)
    maker, price = client.account(KEYS[MAKER]), mark(client)
    offer = maker.quote(
        "BTC-PERP", is_buy=False, size="0.2", price=price, min_size="0.01"
    )
    assert maker.quoted_size(offer) == Decimal("0.2")
    newcomer.take(offer, "0.05")
    assert newcomer.positions()["BTC-PERP"].size == Decimal("0.05")
    with pytest.raises(Refused, match="take: nonce used: the quote was filled"):
        newcomer.take(offer, "0.05")


def test_a_spot_quote_is_taken_whole(client, newcomer):
    newcomer.deposit("USDC", 10_000)
    maker, price = client.account(KEYS[MAKER]), mark(client)
    size = "0.000000000000000001"
    maker.quote("BTC", is_buy=False, size=size, price=price)
    offer = maker.quote("BTC", is_buy=False, size="0.1", price=round(price))
    newcomer.take(offer)
    assert newcomer.balances()["BTC"].held == Decimal("0.1")


def test_two_quotes_cross(client, newcomer):
    newcomer.deposit("USDC", 10_000)
    maker, price = client.account(KEYS[MAKER]), mark(client)
    words = {"size": 1, "price": price}
    ask = maker.quote("SOL-PERP", is_buy=False, **words | {"price": 25})
    bid = newcomer.quote(
        "SOL-PERP", is_buy=True, **words, counterparty=maker.id, nonce=7
    )
    with pytest.raises(Refused, match="price out of band"):
        client.account(KEYS[1]).cross(ask, bid)
    fair = maker.quote("SOL-PERP", is_buy=False, size=1, price=mark(client, "SOL-PERP"))
    client.account(KEYS[1]).cross(fair, bid)
    assert newcomer.positions()["SOL-PERP"].size == 1


def test_a_cancelled_quote_is_not_taken(client, newcomer):
    newcomer.deposit("USDC", 10_000)
    maker = client.account(KEYS[MAKER])
    words = {"is_buy": False, "size": 1, "price": mark(client)}
    offers = [maker.quote("BTC-PERP", **words), maker.quote("BTC-PERP", **words)]
    maker.cancel_quote(offers[0])
    maker.cancel_quote(offers[1].quote.nonce)
    for offer in offers:
        with pytest.raises(Refused, match="nonce used"):
            newcomer.take(offer)


def test_a_quote_is_good_for_a_while(client, newcomer):
    maker, now = client.account(KEYS[MAKER]), client.link.chain.block().timestamp
    words = {"is_buy": True, "size": 1, "price": 1}
    assert maker.quote("BTC-PERP", **words).quote.expiry == now + 30
    assert maker.quote("BTC-PERP", **words, expiry=5).quote.expiry == 5


def test_without_a_key_nothing_is_signed(client):
    with pytest.raises(UserError, match="no key to sign with"):
        client.account(KEYS[0].address).quote("BTC", is_buy=True, size=1, price=1)


def test_a_refusal_is_one_line_with_the_remedy():
    for kind, remedy in REMEDIES.items():
        assert explain(kind.reason) == f"{kind.reason}: {remedy}"
        assert "\n" not in remedy
    assert explain(errors.NotVenue.reason) == "not a venue"
    assert explain("") == "reverted without a reason"


def test_results_show_numbers_as_people_write_them(client):
    shown = repr(client.account(KEYS[7]).positions()["SOL-PERP"])
    assert shown.startswith("Position(size=-500, notional=")
    assert "Decimal" not in shown
