"""
To close an account against five thousand positions costs what five cost, and closes
exactly as much once all have come. Gas is that of cold slots, and the positions are
written as fills write them: see `test_many_positions`.
"""

from collections import Counter

import pytest

from keeper.chain.codec import codec_of
from specs import packing
from specs.accounts import INVENTORY, USDC
from specs.accounts import compute_account as account_of
from tests.helpers import worlds
from tests.helpers.deployers import address_of
from tests.helpers.worlds import BTC, ETH, STRANGER
from tests.unit import test_many_positions as crowd
from tests.unit.test_many_positions import LOTS, MARKET, MIDDLE, START

BROKEN = account_of(worlds.BACKER, 0)
OTHER = account_of(worlds.UNDERWRITER, 0)
SIZE = 20_000
"""Lots of whoever is deleveraged: more than all others are long."""

DEPOSIT = 2_000
FALL = 983
"""What is left of the price, in thousandths: the deposit is lost, and no more."""

PAIRS = 5_000
BATCH = 100
NEW = [("positions", INVENTORY, MARKET)] + [
    (name, MARKET, 1) for name in ("epoch_terms", "epoch_state")
]


def keys_of(made, fills):
    """Return every word that these fills and a liquidation read or write."""
    accounts = BROKEN, OTHER
    return [
        *crowd.keys_of(fills),
        *NEW,
        *(("balances", name, asset) for name in accounts for asset in (USDC, ETH)),
        *((name, account) for name in ("headers", "distress") for account in accounts),
        *((w, name, MARKET) for w in crowd.MAPS_BY_ACCOUNT for name in accounts),
        ("venues", int(made.contracts["Liquidator"].address, 16)),
    ]


@pytest.fixture(scope="module")
def made():
    """Return a deployment in which one account is long of more than it can lose."""
    made = crowd.deploy_world()
    free = crowd.fields(worlds.PERPETUALS[MARKET]), (0, 0)
    made.send(worlds.GOVERNOR, "Clearinghouse", "set_market_risk", MARKET, *free)
    price = worlds.PRICES[ETH]
    made.send(STRANGER, "MockPrices", "set_feed", ETH, price, price)
    crowd.set_price(made, START)
    made.send(STRANGER, "Clearinghouse", "tick", [BTC, ETH], [MARKET], 1)
    crowd.deposit(made, worlds.LENDER, USDC, 500_000)
    crowd.deposit(made, worlds.BACKER, USDC, DEPOSIT)
    crowd.deposit(made, worlds.UNDERWRITER, USDC, 50_000)
    parties = MARKET, BROKEN, OTHER, SIZE, START * 10**6, True
    made.send(worlds.VENUE, "Clearinghouse", "fill_perp", *parties)
    return made


@pytest.fixture(scope="module")
def crowds(made):
    """Return chains with few and with many positions, and the account's end."""
    found = []
    before = made.chain.snapshot()
    for pairs in (2, PAIRS):
        fills = crowd.fills_of(2 * pairs, [MIDDLE])
        copy = crowd.Copy(made, made.chain, keys_of(made, fills))
        copy.enter(fills)
        found.append((copy, [fill.seller for fill in fills]))
    made.chain.revert(before)
    for copy, _ in found:
        move(copy, START * FALL // 1_000)
    return found


def move(copy, units):
    """Take a new price over, and let a second pass."""
    chain = copy.chain
    chain.advance_to(chain.block().timestamp + 1)
    price = units * 10**6
    for method, arguments in (
        ("set_feed", (BTC, price, price)),
        ("set_mark", (MARKET, price, 0)),
    ):
        data = codec_of("MockPrices").method(method, arguments).encode(arguments)
        chain.send_raw(address_of(STRANGER), copy.prices, data)
    copy.send(STRANGER, "tick", [BTC], [MARKET], 64)
    chain.advance_to(chain.block().timestamp + 1)


LIQUIDATE = codec_of("Liquidator").method("liquidate", (BROKEN,)).encode((BROKEN,))


def test_an_event_costs_the_same_for_a_few_and_for_five_thousand(crowds):
    gas = []
    for copy, _ in crowds:
        chain = copy.cold()
        gas.append(chain.send(address_of(STRANGER), liquidator_of(copy), LIQUIDATE))
        slot = copy.slot(("market_risk", MARKET))
        assert chain.storage(copy.vault, slot) >> 233 == 1
    assert crowd.near(*gas)
    assert max(gas) < 600_000


def test_five_thousand_positions_close_exactly_what_was_to_close(crowds):
    copy, sellers = crowds[1]
    chain = copy.again()
    chain.chain.send_raw(address_of(STRANGER), liquidator_of(copy), LIQUIDATE)
    terms = packing.unpack(chain.word("epoch_terms", MARKET, 1), packing.EPOCH_TERMS)
    everybody = [OTHER, *sellers]
    assert terms["open_interest"] == SIZE + LOTS * len(sellers)
    before = {name: lots_of(chain, name) for name in everybody}
    for start in range(0, len(everybody), BATCH):
        chain.send(STRANGER, "realise", MARKET, everybody[start : start + BATCH])
    closed = Counter()
    for name, lots in before.items():
        closed[name] = abs(lots) - abs(lots_of(chain, name))
        share = abs(lots) * terms["lots"]
        apart = abs(closed[name] * terms["open_interest"] - share)
        assert apart < terms["open_interest"]
    assert closed.total() == terms["lots"]
    assert lots_of(chain, INVENTORY) == 0
    assert chain.word("market_pending", MARKET) == 0
    state = packing.unpack(chain.word("epoch_state", MARKET, 1), packing.EPOCH_STATE)
    assert (state["left"], state["carry"]) == (0, 0)


def liquidator_of(copy):
    """Return the address of whoever has accounts taken over."""
    return copy.deployment.contracts["Liquidator"].address


def lots_of(copy, name):
    """Return the lots in a position's word."""
    word = copy.word("positions", name, MARKET)
    return packing.unpack(word, packing.POSITION)["lots"]
