"""The oracle as its callers meet it: what it takes, refuses, and says of it."""

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from keeper.artifacts import artifact
from keeper.chain.interface import Refused
from keeper.chain.revm import CHAIN_ID
from specs.fixed_point import WAD
from specs.outage import MAX_GAP
from specs.price_index import MAX_PRICE, UNIT
from specs.reports import Report, compute_report_digest
from specs.signatures import NOBODY
from tests.helpers.reports import (
    ADDRESSES,
    BOOK,
    GOVERNOR,
    PUBLISHERS,
    STRANGER,
    Oracle,
    encode,
    list_all,
    report,
    sign,
)

GOOD = {1: 60_000, 2: 3_000, 3: 20}
GENESIS = 1_700_000_000


@pytest.fixture
def oracle():
    """An oracle with three assets and markets, none of which has a price."""
    oracle = Oracle()
    list_all(oracle)
    return oracle


def said(oracle, *ages, prices=GOOD):
    """Return reports of these ages."""
    return [report(oracle.now - age, prices) for age in ages]


def refusal(call, *arguments):
    """Return why a call is refused."""
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value.reason


# What is taken


@pytest.mark.parametrize("count", [2, 3])
def test_quorum_publishes_and_anyone_relays(oracle, count):
    receipt = oracle.publish(said(oracle, *[0] * count), PUBLISHERS[:count])
    assert receipt.result == oracle.view("version") == 1
    for asset, price in GOOD.items():
        assert oracle.view("feed", asset) == (price * WAD, price * WAD, oracle.now, 0)


def test_oldest_reports_and_widest_span_are_taken(oracle):
    oracle.publish(said(oracle, 5, 3), PUBLISHERS[:2])
    assert oracle.view("quorum")[:3] == (1, oracle.now, oracle.now - 3)


def test_asset_that_too_few_name_stays_as_it_is(oracle):
    oracle.quote(GOOD)
    oracle.wait(10)
    reports = [
        report(oracle.now, {1: 60_001, 2: 3_001}),
        report(oracle.now, {1: 60_001}),
    ]
    oracle.publish(reports, PUBLISHERS[:2])
    assert oracle.view("feed", 1)[2] == oracle.now
    assert oracle.view("feed", 2) == (3_000 * WAD, 3_000 * WAD, oracle.now - 10, 0)
    assert oracle.view("market_of", 1)[2] == oracle.now - 10


def test_reports_may_name_assets_in_any_order(oracle):
    reports = [report(oracle.now, {1: 7, 2: 9}), report(oracle.now, {3: 5, 2: 9, 1: 7})]
    oracle.publish(reports, PUBLISHERS[:2])
    assert [oracle.view("feed", asset)[0] for asset in (1, 2, 3)] == [
        7 * WAD,
        9 * WAD,
        0,
    ]


def test_prices_are_stored_in_units_rounded_down(oracle):
    price = 3 * WAD + 2 * UNIT - 1
    reports = [Report(oracle.now, (1,), (price,))] * 2
    oracle.publish(reports, PUBLISHERS[:2])
    assert oracle.view("feed", 1)[0] == 3 * WAD + UNIT


@pytest.mark.parametrize("price", [UNIT, MAX_PRICE])
def test_extreme_prices_leave_room_for_the_mark(oracle, price):
    for seconds in (0, *[MAX_GAP] * 20):
        oracle.wait(seconds)
        reports = [Report(oracle.now, (3,), (price,))] * 2
        oracle.publish(reports, PUBLISHERS[:2])
        oracle.observe(2, 2 * price)
    mark, mean = oracle.view("market_of", 2)[:2]
    assert price <= mean <= mark <= price * 105 // 100
    assert (mark > price) == (price > UNIT)


def test_all_that_fits_in_one_call_is_taken():
    oracle = Oracle(threshold=4, publishers=ADDRESSES)
    for asset in range(1, 17):
        oracle.govern("list_asset", asset, 2_500, 20_000)
    oracle.quote({asset: asset for asset in range(1, 17)}, ADDRESSES)
    assert [oracle.view("feed", a)[0] for a in range(1, 17)] == [
        a * WAD for a in range(1, 17)
    ]


# What is refused


@pytest.mark.parametrize(
    ("ages", "signers", "reason"),
    [
        ((0,), PUBLISHERS[:1], "too few reports"),
        ((), [], "too few reports"),
        ((0, 0), [PUBLISHERS[0]] * 2, "duplicate publisher"),
        ((0, 0), [PUBLISHERS[0], ADDRESSES[3]], "not a publisher"),
        ((0, 0), [PUBLISHERS[0], NOBODY], "not a publisher"),
        ((0, -1), PUBLISHERS[:2], "report from the future"),
        ((5, 6), PUBLISHERS[:2], "report too old"),
        ((0, 3), PUBLISHERS[:2], "reports too far apart"),
        ((3, 0, 1), PUBLISHERS, "reports too far apart"),
        ((0, 0), PUBLISHERS, "length mismatch"),
        ((0, 0, 0), PUBLISHERS[:2], "length mismatch"),
    ],
)
def test_bad_reports_are_refused(oracle, ages, signers, reason):
    assert refusal(oracle.publish, said(oracle, *ages), signers) == reason
    assert oracle.view("quorum")[:3] == (0, 0, 0)


@pytest.mark.parametrize(
    ("assets", "prices", "reason"),
    [
        ((9,), (WAD,), "unknown asset"),
        ((0,), (WAD,), "unknown asset"),
        ((2**255,), (WAD,), "unknown asset"),
        ((1, 2, 1), (WAD, WAD, WAD), "duplicate asset"),
        ((1, 2), (WAD,), "length mismatch"),
        ((1,), (WAD, WAD), "length mismatch"),
        ((1,), (0,), "price out of range"),
        ((1,), (UNIT - 1,), "price out of range"),
        ((1,), (MAX_PRICE + UNIT,), "price out of range"),
        ((1,), (2**256 - 1,), "price out of range"),
        ((), (), "too few reports"),
    ],
)
def test_bad_content_is_refused(oracle, assets, prices, reason):
    reports = [Report(oracle.now, assets, prices)] * 2
    assert refusal(oracle.publish, reports, PUBLISHERS[:2]) == reason


def test_version_of_nothing_is_refused(oracle):
    reports = [report(oracle.now, {1: 60_000}), report(oracle.now, {2: 3_000})]
    assert refusal(oracle.publish, reports, PUBLISHERS[:2]) == "too few reports"


def test_second_version_in_a_block_is_refused(oracle):
    oracle.publish(said(oracle, 1, 1), PUBLISHERS[:2])
    again = oracle.publish, said(oracle, 0, 0), PUBLISHERS[1:]
    assert refusal(*again) == "already published"


def test_report_is_published_once(oracle):
    reports = said(oracle, 0, 0)
    oracle.publish(reports, PUBLISHERS[:2])
    oracle.wait(1)
    assert refusal(oracle.publish, reports, PUBLISHERS[:2]) == "report not later"


def test_what_is_superseded_is_dead(oracle):
    # Of others than those who made the version, but no later than it.
    late = said(oracle, 0, 0)
    oracle.publish(said(oracle, 0, 1), PUBLISHERS[:2])
    oracle.wait(1)
    assert refusal(oracle.publish, late, PUBLISHERS[1:]) == "report not later"
    oracle.publish(said(oracle, 0, 0), PUBLISHERS[1:])


def test_publisher_that_returns_can_replay_nothing(oracle):
    reports = said(oracle, 0, 0)
    oracle.publish(reports, PUBLISHERS[:2])
    oracle.govern("set_publisher", PUBLISHERS[0], 0)
    oracle.govern("set_publisher", PUBLISHERS[0], 100)
    oracle.wait(1)
    assert refusal(oracle.publish, reports, PUBLISHERS[:2]) == "report not later"


def test_signature_of_another_chain_or_oracle_is_nobodys(oracle):
    reports = said(oracle, 0, 0)
    listed, signatures = encode(oracle.contract.address, reports, PUBLISHERS[:2])
    address = oracle.contract.address
    for foreign in (
        sign(PUBLISHERS[1], address, reports[1], CHAIN_ID + 1),
        sign(PUBLISHERS[1], STRANGER, reports[1]),
    ):
        call = oracle.send, STRANGER, "publish", listed, [signatures[0], foreign]
        assert refusal(*call) == "not a publisher"


@pytest.mark.parametrize("field", [0, 1, 2])
def test_signature_covers_every_field(oracle, field):
    reports, signatures = encode(
        oracle.contract.address, said(oracle, 1, 1), PUBLISHERS[:2]
    )
    time, assets, prices = reports[1]
    changed = [(time - 1, assets, prices), (time, [1, 3, 2], prices)]
    changed.append((time, assets, [*prices[:2], prices[2] + 1]))
    reports[1] = changed[field]
    call = oracle.send, STRANGER, "publish", reports, signatures
    assert refusal(*call) == "not a publisher"


def test_digest_is_that_of_typed_data(oracle):
    reported = said(oracle, 0)[0]
    words = [{"name": name, "type": "uint256[]"} for name in ("assets", "prices")]
    message = {
        "types": {"Report": [{"name": "time", "type": "uint256"}, *words]},
        "primaryType": "Report",
        "domain": {
            "name": "Rucksack PriceOracle",
            "version": "1",
            "chainId": CHAIN_ID,
            "verifyingContract": oracle.contract.address,
        },
        "message": {
            "time": reported.time,
            "assets": list(reported.assets),
            "prices": list(reported.prices),
        },
    }
    signable = encode_typed_data(full_message=message)
    assert oracle.view("domain_separator") == signable.header
    assert compute_report_digest(CHAIN_ID, oracle.contract.address, reported) == keccak(
        b"\x19" + signable.version + signable.header + signable.body
    )


# Who may do what


SETTERS = [
    ("list_asset", 4, 1, 1),
    ("list_market", 4, 1, 300, 1, 1, BOOK),
    ("set_book", 0, STRANGER),
    ("set_publisher", PUBLISHERS[0], 1),
    ("set_threshold", 3),
]


@pytest.mark.parametrize("call", SETTERS, ids=lambda call: call[0])
@pytest.mark.parametrize("caller", [STRANGER, BOOK, PUBLISHERS[0], NOBODY])
def test_only_the_governor_governs(oracle, call, caller):
    assert refusal(oracle.send, caller, *call) == "not the governor"
    oracle.govern(*call)


def test_nobody_can_set_a_price():
    changing = {
        entry["name"]
        for entry in artifact("PriceOracle").abi
        if entry["type"] == "function" and entry["stateMutability"] != "view"
    }
    assert changing == {"publish", "observe"} | {name for name, *_ in SETTERS}


@pytest.mark.parametrize(
    "call",
    [
        ("list_asset", 0, 1, 1),
        ("list_asset", 32, 1, 1),
        ("list_asset", 4, 0, 1),
        ("list_asset", 4, 10_001, 1),
        ("list_asset", 4, 1, 0),
        ("list_asset", 4, 1, 200_001),
        ("list_market", 32, 1, 300, 1, 1, BOOK),
        ("list_market", 4, 1, 59, 1, 1, BOOK),
        ("list_market", 4, 1, 301, 1, 1, BOOK),
        ("list_market", 4, 1, 300, 0, 1, BOOK),
        ("list_market", 4, 1, 300, 50_001, 1, BOOK),
        ("list_market", 4, 1, 300, 1, 0, BOOK),
        ("list_market", 4, 1, 300, 1, 100_001, BOOK),
        ("set_publisher", NOBODY, 1),
        ("set_publisher", PUBLISHERS[0], 10_001),
        ("set_threshold", 0),
        ("set_threshold", 1),
        ("set_threshold", 4),
        ("set_threshold", 2**255),
    ],
    ids=str,
)
def test_parameters_have_bounds(oracle, call):
    assert refusal(oracle.govern, *call) == "out of bounds"
    assert refusal(oracle.send, STRANGER, *call) == "not the governor"


@pytest.mark.parametrize(
    "call",
    [
        ("list_asset", 31, 10_000, 200_000),
        ("list_market", 31, 1, 60, 50_000, 100_000, BOOK),
        ("list_market", 0, 1, 300, 1, 1, NOBODY),
        ("set_publisher", ADDRESSES[3], 10_000),
    ],
    ids=str,
)
def test_bounds_themselves_are_allowed(call):
    oracle = Oracle(threshold=3)
    oracle.govern("list_asset", 1, 1, 1)
    oracle.govern(*call)


def test_what_is_listed_is_listed_once(oracle):
    assert refusal(oracle.govern, "list_asset", 1, 1, 1) == "already listed"
    again = "list_market", 0, 2, 300, 1, 1, BOOK
    assert refusal(oracle.govern, *again) == "already listed"


def test_market_needs_an_asset_with_room(oracle):
    call = [4, 9, 300, 1, 1, BOOK]
    assert refusal(oracle.govern, "list_market", *call) == "unknown asset"
    for market in (4, 5, 6):
        oracle.govern("list_market", market, 1, 300, 1, 1, BOOK)
    call[:2] = 7, 1
    assert refusal(oracle.govern, "list_market", *call) == "too many markets"
    oracle.quote({1: 60_000})
    assert all(oracle.view("mark", market)[2] for market in (0, 4, 5, 6))


def test_unknown_market_is_refused(oracle):
    assert refusal(oracle.govern, "set_book", 9, BOOK) == "unknown market"
    assert refusal(oracle.observe, 9, WAD) == "unknown market"
    # Nobody is the book of an unlisted market, and so is the zero address.
    assert refusal(oracle.observe, 9, WAD, 0, NOBODY) == "unknown market"


@pytest.mark.parametrize(
    ("threshold", "founders", "reason"),
    [
        (0, [], "out of bounds"),
        (1, PUBLISHERS[:2], "out of bounds"),
        (4, PUBLISHERS, "out of bounds"),
        (2, [*PUBLISHERS[:2], NOBODY], "out of bounds"),
        (2, [PUBLISHERS[0]] * 2, "already listed"),
    ],
)
def test_bad_foundation_is_refused(threshold, founders, reason):
    assert refusal(Oracle, threshold, founders) == reason


def test_majority_is_kept_when_publishers_come_and_go(oracle):
    assert refusal(oracle.govern, "set_publisher", ADDRESSES[3], 1) == "out of bounds"
    oracle.govern("set_threshold", 3)
    oracle.govern("set_publisher", ADDRESSES[3], 1)
    assert oracle.view("quorum")[3:] == (3, 4)
    oracle.govern("set_publisher", PUBLISHERS[0], 0)
    refused = refusal(oracle.govern, "set_publisher", PUBLISHERS[1], 0)
    assert refused == "out of bounds"
    oracle.govern("set_publisher", STRANGER, 0)
    assert oracle.view("quorum")[3:] == (3, 3)


def test_seventeenth_publisher_is_refused():
    founders = ["0x" + f"{number:040x}" for number in range(1, 17)]
    oracle = Oracle(16, founders)
    assert refusal(oracle.govern, "set_publisher", STRANGER, 1) == "out of bounds"


def test_weight_counts_from_the_next_version(oracle):
    oracle.govern("set_publisher", PUBLISHERS[0], 300)
    assert oracle.view("weight_of", PUBLISHERS[0]) == 300
    prices = [100, 100.4]
    reports = [report(oracle.now, {1: price}) for price in prices]
    oracle.publish(reports, PUBLISHERS[:2])
    assert oracle.view("feed", 1)[1] == 100 * WAD + WAD // 10


# What is said of it


def test_events_alone_rebuild_prices_and_marks(oracle):
    feeds, marks = {}, {}
    for second, price in enumerate((60_000, 61_000, 59_000, 59_500)):
        oracle.observe(0, price * WAD)
        oracle.wait(second + 1)
        receipt = oracle.quote({1: price, 2: price / 20})
        for event in receipt.events:
            number, *said = event.arguments.values()
            if event.name == "UpdatePrice":
                slow, fast, variance, time = said
                feeds[number] = (slow, fast, time, variance)
            elif event.name == "UpdateMark":
                marks[number] = tuple(said)
    assert feeds == {asset: oracle.view("feed", asset) for asset in (1, 2)}
    assert all(variance for *_, variance in feeds.values())
    assert marks == {m: tuple(oracle.view("market_of", m)[:3]) for m in (0, 1)}


def test_price_that_waits_is_announced_and_no_other(oracle):
    oracle.quote(GOOD)
    oracle.wait(61)
    resumed_at = oracle.now
    for _ in range(2):
        receipt = oracle.quote({1: 61_000})
        assert [event.name for event in receipt.events] == ["Publish", "DeferPrice"]
        assert tuple(receipt.event("DeferPrice").arguments.values()) == (
            *(1, 61_000 * WAD),
            *(resumed_at, oracle.now),
        )
        oracle.wait(29)


def test_publication_is_announced(oracle):
    receipt = oracle.publish(said(oracle, 2, 1), PUBLISHERS[:2])
    assert receipt.event("Publish").arguments == {
        "version": 1,
        "reported_at": oracle.now - 1,
        "timestamp": oracle.now,
    }


@pytest.mark.parametrize(
    ("call", "name", "values"),
    [
        (("list_asset", 4, 5, 6), "ListAsset", (4, 5, 6)),
        (
            ("list_market", 4, 1, 300, 5, 6, BOOK),
            "ListMarket",
            (4, 1, 300, 5, 6, BOOK),
        ),
        (("set_book", 0, STRANGER), "SetBook", (0, STRANGER)),
        (("set_book", 0, STRANGER), "Observe", (0, 0, GENESIS)),
        (("set_publisher", PUBLISHERS[0], 7), "SetPublisher", (PUBLISHERS[0], 7)),
        (("set_threshold", 3), "SetThreshold", (3,)),
    ],
)
def test_every_change_is_announced(oracle, call, name, values):
    found = oracle.govern(*call).event(name).arguments
    assert tuple(found.values()) == (*values, oracle.now)


def test_observation_is_announced_as_stored(oracle):
    receipt = oracle.observe(0, 5 * WAD + UNIT - 1, 7)
    assert tuple(receipt.event("Observe").arguments.values()) == (
        *(0, 5 * WAD, oracle.now + 7),
        oracle.now,
    )


def answers(name):
    """Return the types that a contract's prices are given in."""
    return {
        entry["name"]: [part["type"] for part in entry["outputs"]]
        for entry in artifact(name).abi
        if entry.get("name") in ("feed", "mark")
    }


def test_stand_in_of_other_tests_answers_in_the_same_form():
    assert answers("MockPrices") == answers("PriceOracle")
    assert len(answers("PriceOracle")["feed"]) == 4


def test_domain_and_governor_are_readable(oracle):
    assert oracle.view("GOVERNOR") == GOVERNOR
    assert artifact("PriceOracle").runtime_size < 24_576
