"""What is remembered wrongly is found, said in a line, and read again."""

import pytest

from keeper.artifacts import abi_of
from keeper.chain.interface import Event
from keeper.errors import UserError
from keeper.watch.check import check_health, check_totals, check_words, repair
from keeper.watch.columns import pack_row
from keeper.watch.feed import Feed
from keeper.watch.naming import LISTS, ROLES, named_by
from keeper.watch.scan import get_everybody
from keeper.watch.sight import Memory
from specs import packing
from specs.accounts import USDC
from specs.world import Action
from tests.helpers import worlds
from tests.helpers.recorded import RecordedSource
from tests.helpers.watching import LAYOUT, open_recorded
from tests.helpers.worlds import bear, bull, lender, own

WAIT = Action("wait", worlds.STRANGER, (1,))

# fmt: off
NUMBERS = frozenset({
    "account_price", "amount", "asset", "borrow_cap", "borrow_index", "buyer_fee",
    "cap", "carry", "closed", "crossed", "decimals", "deficit", "delay", "discount",
    "due", "epoch", "exposure", "fast", "fee", "filled", "flagged_at", "fund_paid",
    "held", "instrument", "interval", "lend_index", "limit", "lot", "lots", "maker",
    "mark", "market", "max_utilisation", "most", "notional", "open_interest",
    "outflow_floor", "outflow_share", "owed", "price", "priced_at",
    "provider_price", "ready_at", "release_at", "reserve_paid", "rewarded",
    "rights", "roles", "seller_fee", "size", "slow", "socialised", "steps",
    "supply_cap", "threshold", "throttle_share", "time", "underlying", "unfunded",
    "variance", "weight",
})
# fmt: on
"""Arguments of events that are numbers of something else than accounts."""


@pytest.fixture
def scene():
    with open_recorded([*worlds.STARTS["a market at work"], WAIT]) as found:
        yield found


@pytest.fixture
def feed(scene):
    found = scene.follow()
    found.sync()
    return found


def forge(feed, account, key, change):
    """Change a word that is remembered."""
    row = dict(zip(feed.layout.keys, feed.columns.row(account), strict=True))
    row[key] = change(row[key])
    feed.columns.put([account], [pack_row(feed.layout, row)])


def test_every_word_that_is_wrong_is_named_and_read_again(scene, feed):
    for account in (lender, bull):
        for key in feed.layout.keys:
            if key[0] == "snapshots" and not feed.columns.word(
                account, "positions", key[1]
            ):
                continue
            forge(feed, account, key, lambda word: word ^ 1)
            # A position or a header may hide others.
            found = list(check_words(feed, [account]))
            said = " ".join(str(part) for part in key if part is not None)
            assert f"account {account:#x}: {said} is " in str(found[0])
            assert {each.account for each in found} == {account}
            repair(feed, found)
            scene.source.places.clear()
            feed.sync()
            assert list(check_words(feed, [account])) == []
            read = {p[1] for p in scene.source.places if p[0] == "headers"}
            assert account in read


@pytest.mark.parametrize(
    ("account", "key", "bit", "what"),
    [
        (lender, ("balances", USDC), 0, "idle balances of asset 0"),
        (bull, ("positions", 0), 192, "all lots of market 0"),
        (bull, ("positions", 0), 0, "cost of market 0"),
        (bear, ("positions", 0), 0, "cost of market 0"),
    ],
)
def test_totals_tell_of_a_wrong_word_without_asking(
    scene, feed, account, key, bit, what
):
    assert list(check_totals(feed)) == []
    forge(feed, account, key, lambda word: word ^ (1 << bit))
    scene.source.places.clear()
    found = list(check_totals(feed))
    assert scene.source.places == []
    assert any(what in str(each) for each in found)
    # Of whom it is the sums don't tell: everybody is read again.
    repair(feed, found)
    feed.sync()
    assert list(check_totals(feed)) == []
    assert list(check_words(feed, feed.columns.names)) == []


def test_a_shared_word_that_is_wrong_is_found_by_the_contract_s_own_view(scene, feed):
    place = ("market_funding", 0)
    feed.sheet.words[place] += 10**20 << 128
    found = list(check_health(feed, scene.chain, scene.contract, [bull, bear]))
    assert "value is " in "".join(map(str, found))
    repair(feed, found)
    feed.sync()
    assert list(check_health(feed, scene.chain, scene.contract, [bull, bear])) == []


def test_growth_at_a_tick_that_is_wrong_is_found_and_read_again(scene, feed):
    entry = feed.columns.word(bull, "positions", 0) & (2**24 - 1)
    feed.sheet.words["tick_growth", 0, entry - 1] ^= (1 << 240) + (1 << 112)
    found = list(check_health(feed, scene.chain, scene.contract, [bull]))
    assert "equity is " in str(found[0])
    repair(feed, found)
    feed.sync()
    assert list(check_health(feed, scene.chain, scene.contract, [bull])) == []


class Forgetful(RecordedSource):
    """Does not tell of one account."""

    forgotten = None

    def events(self, first, last):
        return [
            told
            for told in super().events(first, last)
            if self.forgotten not in named_by(told.event)
        ]


def test_an_event_that_never_came_is_made_up_for(scene, caplog):
    source = Forgetful(scene.chain, scene.contract)
    memory = Memory(Feed(source, LAYOUT, 1), scene.contract, every=1, sample=100)
    memory.see(scene.chain, get_everybody)
    source.forgotten = lender
    scene.play(own("deposit", lender, USDC, 10**6), WAIT)
    seen = memory.see(scene.chain, get_everybody)
    stored = scene.twin.read(scene.world).clearing
    assert seen.state.accounts[lender] == stored.accounts[lender]
    assert f"mirror: account {lender:#x}: balances 0 is " in caplog.text
    assert "it is read again" in caplog.text


def test_a_chain_that_contradicts_itself_stops_the_keeper(scene):
    class Lying(RecordedSource):
        def words(self, places, number):
            return [
                word + (place[0] == "pool_idle")
                for place, word in zip(
                    places, super().words(places, number), strict=True
                )
            ]

    memory = Memory(Feed(Lying(scene.chain, scene.contract), LAYOUT, 1), scene.contract)
    with pytest.raises(UserError, match=r"idle balances of asset .*--no-mirror"):
        memory.see(scene.chain, get_everybody)


def test_a_header_that_lists_too_little_has_everybody_read_again(scene, feed, caplog):
    memory = Memory(feed, scene.contract, every=10**6)
    memory.see(scene.chain, get_everybody)
    forge(feed, bull, ("headers", None), lambda word: 0)
    memory._seen.clear()
    seen = memory.see(scene.chain, get_everybody)
    assert seen.state.accounts == scene.twin.read(scene.world).clearing.accounts
    assert "everybody is read again" in caplog.text


def test_who_is_named_is_known_of_every_event():
    """An event that comes to be, with an account under another name, fails here."""
    for entry in abi_of("Clearinghouse"):
        if entry["type"] != "event":
            continue
        for argument in entry["inputs"]:
            if argument["type"] == "uint256":
                known = ROLES | NUMBERS
            elif argument["type"] == "uint256[]":
                known = LISTS
            else:
                continue
            assert argument["name"] in known, (entry["name"], argument["name"])


def test_accounts_are_named_once_and_nobody_never():
    told = {"buyer": 5, "seller": 5, "reward": 0, "market": 7, "accounts": [8, 9]}
    assert named_by(Event("Any", "0x0", told)) == {5, 8, 9}


def test_orders_in_markets_and_in_spot_assets_are_listed():
    codes = LAYOUT.codes[0], LAYOUT.codes[-1]
    fields = dict.fromkeys(packing.HEADER, 0) | {"orders": sum(1 << c for c in codes)}
    header = packing.pack(fields, packing.HEADER)
    listed = LAYOUT.listed(bull, header)
    assert listed == [("balances", USDC), *(("orders", code) for code in codes)]
