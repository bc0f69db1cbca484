"""Events alone tell the state, and tell of it when one of them is missing or wrong."""

from bisect import bisect
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from eth_utils.crypto import keccak

from keeper import history
from keeper.artifacts import abi_of
from keeper.chain.revm import RevmChain
from keeper.history.audit import audit
from keeper.history.books import DETAILS
from keeper.history.replaying import CLEARING, PLEDGED, SUMMARIES, TOUCHING
from keeper.quick import quick_records
from specs import clearinghouse as ch
from specs.accounts import NEW, USDC
from specs.fixed_point import WAD
from specs.makers import Making
from specs.world import Action
from tests.helpers import conversions, deployers, epochs, orders, worlds
from tests.helpers import slices as slicing
from tests.helpers.deployers import address_of, curve_fields, deploy_world, fields
from tests.helpers.worlds import BTC, ETH, FEES, HAIRCUTS, REQUIREMENTS, UNLISTED
from tests.stateful.bulk import attempt
from tests.stateful.twin import Twin, calldata, differences
from tests.stateful.walk import wander

TOLD = ("Clearinghouse", "Liquidator")
STEPS = 400
ENOUGH = 2
"""Walks in which each event has to occur."""


class Recording(RevmChain):
    """A chain that keeps every event of the contracts whose history is told."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.events = []

    def deploy(self, sender, name, *arguments):
        contract = super().deploy(sender, name, *arguments)
        self.keep(self._events())
        return contract

    def send(self, *arguments):
        receipt = super().send(*arguments)
        self.keep(receipt.events)
        return receipt

    def keep(self, events):
        self.events += [e for e in events if self._names[e.address] in TOLD]


@cache
def open_twin():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deployers, "RevmChain", Recording)
        return Twin(deploy_world())


def walk(seed, steps=STEPS):
    """Return where a walk leads, the contracts, and all events until there."""
    return told(lambda step: wander(seed, steps, step))


def told(play):
    """Play on the contracts and the specification; return both and all events."""
    twin = open_twin()
    twin.rewind()
    chain = twin.made.chain
    listed = len(chain.events)

    def step(world, action):
        after, refusal = attempt(world, action)
        assert twin.send(after, action) == refusal
        return after

    with quick_records():
        world = play(step)
    events = tuple(chain.events)
    del chain.events[listed:]
    return world, twin, events


# A pool that goes on, and a batch in between which margin is missing.
STORY = [
    *worlds.STARTS["a halted pool"],
    Action("resume", worlds.GOVERNOR, (USDC,)),
    *worlds.publish(worlds.PRICES),
    worlds.own(
        "batch",
        worlds.hedger,
        (ch.Step(ch.BORROW, BTC, 10**6), ch.Step(ch.DEPOSIT, ETH, 10**18)),
    ),
]


def tell_story(step):
    """Play the story; then announce, and make, changes that no walk makes."""
    world = worlds.open_world()
    for action in STORY:
        before, world = world, step(world, action)
        assert world is not before, action
    twin = open_twin()
    chain, made = twin.made.chain, twin.made
    heir = address_of(worlds.STRANGER)
    token = chain.deploy(heir, "MockToken", "Late", "LATE", 18).address
    records = fields(REQUIREMENTS[BTC]), fields(FEES)
    haircut, curve = fields(HAIRCUTS[BTC]), curve_fields(worlds.CURVE)
    changes = [
        ("set_venue", heir, 3),
        ("set_guardian", heir),
        ("set_guardian", address_of(0)),
        ("list_asset", UNLISTED, token, curve, haircut, *records),
        ("list_market", UNLISTED, BTC, 14, 3600, *records, 10**21),
        ("set_governor", heir),
    ]
    made.govern("set_delay", 60)
    for change in changes:
        made.govern("queue", hash_of(*change))
    made.govern("queue", twin.hash(("set_delay", 0)))
    chain.advance_to(chain.block().timestamp + 60)
    for method, *arguments in changes:
        made.govern(method, *arguments)
    made.send(worlds.STRANGER, "Clearinghouse", "queue", twin.hash(("resume", BTC)))
    return twin.read(replace(world, now=chain.block().timestamp))


ORDERS = [
    *worlds.STARTS["winners and losers"],
    Action("wait", worlds.STRANGER, (1,)),
    *(orders.reserve(0, worlds.backer, is_buy, 600) for is_buy in (True, False)),
    orders.reserve(0, worlds.hedger, True, 500),
    orders.release(0, worlds.backer, True, 100),
    orders.reserve(orders.spot(ETH), worlds.hedger, False, 2 * WAD),
    orders.reserve(orders.spot(ETH), worlds.backer, True, WAD),
    Action("wait", worlds.STRANGER, (9,)),
    orders.clear(
        0,
        worlds.lender,
        False,
        Making(worlds.backer, 400, 60_600 * WAD),
        Making(worlds.hedger, 501, 60_500 * WAD),
        Making(worlds.hedger, 500, 60_500 * WAD),
        Making(worlds.backer, 100, 60_500 * WAD),
    ),
    orders.clear(
        orders.spot(ETH),
        worlds.backer,
        True,
        Making(worlds.bear, WAD, 2_520 * WAD),
        Making(worlds.hedger, WAD // 2, 2_520 * WAD),
    ),
    orders.clear(
        orders.spot(ETH),
        worlds.lender,
        False,
        Making(worlds.backer, WAD // 3, 2_510 * WAD),
    ),
    orders.release(orders.spot(ETH), worlds.hedger, False, WAD),
]


# A loss that is converted to two bids, one of them too large for its maker.
CONVERSION = [
    *conversions.LOSS,
    Action("wait", worlds.STRANGER, (9,)),
    *(
        orders.reserve(orders.spot(BTC), account, True, WAD // 100)
        for account in (worlds.backer, worlds.lender)
    ),
    orders.convert(
        BTC,
        worlds.bull,
        Making(worlds.backer, WAD // 200, conversions.FELL + 1),
        Making(worlds.lender, WAD // 50, conversions.FELL),
        Making(worlds.lender, WAD // 100 - 1, conversions.FELL * 99 // 100),
    ),
]


def tell_orders(step, actions=ORDERS):
    """Play what a book does: makers who are filled, and some who are not."""
    world, twin = worlds.open_world(), open_twin()
    for action in actions:
        if action.name in orders.NAMES:
            world, _ = orders.take_order(world, action)
            assert orders.post(twin, action) is None
        else:
            world = step(world, action)
    return world


# Longs and shorts are deleveraged, and touched by fills, realisations and no more.
DELEVERAGED = [
    *epochs.CROWDED,
    epochs.deposit(worlds.bull + 1, 1_200),
    *epochs.BROKE,
    epochs.liquidate(),
    epochs.realise(worlds.bear),
    worlds.trade(0, worlds.lender, worlds.bull + 1, 5_000, 58_000 * WAD),
    worlds.trade(0, worlds.hedger, worlds.lender, 10, 58_000 * WAD),
    *epochs.fall(60_350),
    epochs.liquidate(worlds.bull + 1),
    epochs.realise(worlds.backer),
    epochs.realise(worlds.bear),
    epochs.realise(worlds.lender, worlds.underwriter),
]


def tell_deleveraging(step):
    """Play what closes accounts against the other side, and whom that touches."""
    world = worlds.open_world()
    for action in DELEVERAGED:
        before, world = world, step(world, action)
        assert world is not before, action
    return world


def tell_conversion(step):
    """Play what a book does with collateral that has to be sold."""
    return tell_orders(step, CONVERSION)


# Legs of a flagged account are reduced, of one half only: other bids are too low.
DUE_AT = {BTC: 58_700 * WAD, ETH: 2_470 * WAD}
REDUCED = [
    *worlds.publish(worlds.PRICES),
    *(
        worlds.own("deposit", account, USDC, 900_000 * 10**6)
        for account in (worlds.lender, worlds.bear)
    ),
    worlds.own("deposit", worlds.backer, BTC, 10**9),
    worlds.own("deposit", worlds.bull, USDC, 3_000 * 10**6),
    worlds.trade(0, worlds.bull, worlds.bear, 10_000, worlds.PRICES[BTC]),
    worlds.trade(1, worlds.bull, worlds.bear, 20_000, worlds.PRICES[ETH]),
    *worlds.publish(DUE_AT),
    slicing.order(0, True, 500, 58_000 * WAD),
    slicing.order(0, True, 500, 58_690 * WAD, worlds.bear),
    Action("flag", worlds.STRANGER, (worlds.bull,)),
    *worlds.publish(DUE_AT),
    slicing.reduction(worlds.bull, 0, worlds.hedger),
    slicing.order(0, True, 5_000, 58_690 * WAD),
    slicing.reduction(worlds.bull, 1),
    Action("wait", worlds.STRANGER, (10,)),
    slicing.reduction(worlds.bull, 0, worlds.hedger),
]
# One account buys back what it owes, another one sells what it has.
OWING = [
    *worlds.publish(worlds.PRICES),
    worlds.own("deposit", worlds.lender, USDC, 900_000 * 10**6),
    worlds.own("deposit", worlds.backer, BTC, 10**9),
    worlds.own("deposit", worlds.hedger, USDC, 12_000 * 10**6),
    worlds.own("borrow", worlds.hedger, BTC, 15 * 10**6),
    worlds.own("deposit", worlds.bull, BTC, 10**8),
    worlds.own("borrow", worlds.bull, USDC, 45_000 * 10**6),
    *worlds.publish({BTC: 75_000 * WAD}),
    Action("wait", worlds.STRANGER, (1,)),
    slicing.order(orders.spot(BTC), False, 2_000, 75_000 * WAD, worlds.backer),
    slicing.reduction(worlds.hedger, orders.spot(BTC), worlds.bear),
    *worlds.publish({BTC: 49_500 * WAD}),
    Action("wait", worlds.STRANGER, (1,)),
    slicing.order(orders.spot(BTC), True, 20_000, 49_500 * WAD),
    slicing.reduction(worlds.bull, orders.spot(BTC)),
]


@cache
def open_stage():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deployers, "RevmChain", Recording)
        return slicing.SliceStage()


@cache
def reduced(name):
    """Return what is told of accounts that are reduced, as of walks."""
    stage = open_stage()
    chain = stage.made.chain
    listed = tuple(chain.events)
    before, world = chain.snapshot(), stage.world
    for action in {"REDUCED": REDUCED, "OWING": OWING}[name]:
        stage.play(action)
    told = stage.world, stage.twin, tuple(chain.events)
    chain.revert(before)
    stage.world = world
    chain.events[:] = listed
    return told


def hash_of(method, *arguments):
    """Return the hash by which a call of a setter is announced."""
    return keccak(calldata("Clearinghouse", method, arguments))


def compare(world, twin, books):
    """Return where a world and the books of its events differ."""
    clearing = books.clearing
    named = {venue: twin.name(venue) for venue in clearing.venues}
    venues = {named[venue]: roles for venue, roles in clearing.venues.items()}
    operators = {
        (account, twin.name(operator)): rights
        for (account, operator), rights in clearing.operators.items()
    }
    providers = replace(books.liquidator, address=worlds.LIQUIDATOR)
    accounts = {name: held for name, held in clearing.accounts.items() if held != NEW}
    clearing = replace(clearing, venues=venues, operators=operators, accounts=accounts)
    queued = {(twin.hash(c),): at for c, at in world.clearing.queued.items()}
    told = replace(world, clearing=clearing, liquidator=providers, tokens=world.tokens)
    return differences(
        replace(world, clearing=replace(world.clearing, queued=queued)), told
    )


@cache
def histories():
    """
    Return the events of the story, and of enough walks for every event that walks can
    lead to, with the books before every entry.
    """
    stories = tell_story, tell_orders, tell_conversion, tell_deleveraging
    walks, met = [told(story) for story in stories], Counter()
    walks += [reduced(name) for name in ("REDUCED", "OWING")]
    for seed in range(100):
        if all(met[name] >= ENOUGH for name in EVENTS):
            break
        walked = walk(seed)
        names = {event.name for event in walked[2]}
        if any(met[name] < ENOUGH for name in names):
            met.update(names)
            walks.append(walked)
    return [(events, list(pages(events))) for _, _, events in walks]


def pages(events):
    """Yield the place of every entry's first event, and the books before it."""
    place, books = 0, history.GENESIS
    for entry in history.group(events):
        yield place, books
        place += len(entry.details) + 1 + len(entry.parts)
        books = history.enter(books, entry)
    yield place, books


def is_noticed(name, change):
    """
    Return whether a changed event is noticed in some history: by what else is told,
    or by what they add up to. `change` yields what to put in its place.
    """
    for events, found in histories():
        _, last = found[-1]
        places = [place for place, _ in found]
        for at in [at for at, event in enumerate(events) if event.name == name][:20]:
            place, books = found[bisect(places, at) - 1]
            for changed in change(events[at]):
                whole = (*events[place:at], *changed, *events[at + 1 :])
                if outcome(whole, books) != last:
                    return True
    return False


def outcome(events, books):
    try:
        return history.replay(events, books)
    except history.Inconsistent:
        return None


class Node:
    """Events as a node has them: of each contract the last in block 5, others in 1."""

    def __init__(self, events):
        self.told = events

    def events(self, contract, first, last):
        ours = [event for event in self.told if event.address == contract.address]
        blocks = range(first, last + 1)
        return [*ours[:-1] * (1 in blocks), *ours[-1:] * (5 in blocks)]


EVENTS = {
    entry["name"]: tuple(item["name"] for item in entry["inputs"])
    for contract in TOLD
    for entry in abi_of(contract)
    if entry["type"] == "event"
}


def test_every_event_is_one_that_is_understood():
    assert EVENTS.keys() == {*CLEARING, *TOUCHING, *PLEDGED, *SUMMARIES, *DETAILS}


@pytest.mark.parametrize("seed", range(20))
def test_events_alone_tell_the_state(seed):
    world, twin, events = walk(seed)
    assert compare(world, twin, history.replay(events)) == []


def test_who_governs_and_what_is_listed_later_is_told():
    world, twin, events = told(tell_story)
    assert {*world.clearing.assets, *world.clearing.markets} >= {UNLISTED}
    assert len(history.replay(events).clearing.queued) == 2
    assert compare(world, twin, history.replay(events)) == []


def test_what_a_book_had_done_is_told():
    world, twin, events = told(tell_orders)
    told_of = Counter(event.name for event in events)
    assert told_of["OrderFill"] == 9
    assert min(told_of["InterestSettled"], told_of["Realise"]) > 0
    assert compare(world, twin, history.replay(events)) == []


def test_who_is_deleveraged_is_told():
    world, twin, events = told(tell_deleveraging)
    told_of = Counter(event.name for event in events)
    assert (told_of["Deleveraged"], told_of["DeleverageApplied"]) == (2, 5)
    assert compare(world, twin, history.replay(events)) == []


@pytest.mark.parametrize("name", ["REDUCED", "OWING"])
def test_who_is_reduced_is_told(name):
    world, twin, events = reduced(name)
    told_of = Counter(event.name for event in events)
    assert told_of["SliceOpened"] == told_of["SliceClosed"] == told_of["Slice"] > 1
    assert told_of["SliceFill"] > 1
    assert compare(world, twin, history.replay(events)) == []


def test_what_a_book_converted_is_told():
    world, twin, events = told(tell_conversion)
    told_of = Counter(event.name for event in events)
    assert (told_of["OrderFill"], told_of["Converted"]) == (2, 2)
    assert compare(world, twin, history.replay(events)) == []


def test_one_contract_after_the_other_tells_the_same():
    (events, found), *_ = histories()[3:]
    addresses = dict.fromkeys(event.address for event in events)
    parted = [e for address in addresses for e in events if e.address == address]
    assert parted != list(events)
    assert history.replay(parted) == found[-1][1]


def test_the_walks_meet_every_event():
    met = {event.name for events, _ in histories() for event in events}
    assert met == EVENTS.keys()


@pytest.mark.parametrize("name", sorted(EVENTS.keys() - SUMMARIES))
def test_a_missing_event_is_noticed(name):
    assert is_noticed(name, lambda event: [()])


@pytest.mark.parametrize("name", sorted(SUMMARIES))
def test_a_summary_tells_what_others_tell(name):
    assert not is_noticed(name, lambda event: [()])


# Who called, where tokens came from and went, and what another contract tells better.
SAID_BESIDES = {
    "Deposit": {"payer"},
    "Repay": {"payer"},
    "Withdraw": {"receiver"},
    "Borrow": {"receiver"},
    "ReserveWithdrawn": {"receiver"},
    "AssetPaused": {"caller"},
    "MarketPaused": {"caller"},
    "ChangeCancelled": {"caller"},
    "Slice": {"caller", "fee"},
    "Takeover": {"account", "portion", "discount"},
}


@pytest.mark.parametrize("name", sorted(EVENTS.keys() - SUMMARIES))
def test_a_wrong_field_is_noticed(name):
    unnoticed = {
        field
        for field in EVENTS[name]
        if field not in SAID_BESIDES.get(name, ())
        and not is_noticed(name, lambda event, field=field: altered(event, field))
    }
    assert unnoticed == set()


def altered(event, field):
    """Yield events in which one field is different: a little, or a little more."""
    for much in (1, 10**12):
        value = other(event.arguments[field], much)
        yield (replace(event, arguments={**event.arguments, field: value}),)


def other(value, much):
    """Return a value that is not this one, of its type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + much
    if isinstance(value, str) and not value.startswith("0x"):
        return value + "!"
    if isinstance(value, str):
        return address_of(int(value, 16) ^ 1)
    if isinstance(value, bytes):
        return bytes(byte ^ 1 for byte in value)
    return (*value[:-1], other(value[-1], much))


# A chain's history beside its storage


def audited(twin, events):
    contracts = [twin.made.contracts[name] for name in TOLD]
    twin.made.chain.advance_to(twin.made.chain.block().timestamp + 1)
    return audit(twin.made.chain, Node(events), *contracts, 1)


def test_the_storage_is_what_events_tell():
    _, twin, events = told(tell_story)
    found = audited(twin, events)
    assert found.differences == ()
    assert found.events == len(events)
    assert found.block == twin.made.chain.block().number


IDLING = (False, True, True, False, 0)
UNTOLD = {
    "delay": (worlds.STRANGER, "set_delay", 61),
    f"accounts {worlds.bear}": (worlds.BEAR, "set_settings", worlds.bear, IDLING),
    "providers": (worlds.BACKER, "pledge", worlds.backer, 1, 1, 1, 1),
}


@pytest.mark.parametrize("differs", UNTOLD)
def test_storage_that_no_event_tells_of_is_found(differs):
    _, twin, events = told(tell_story)
    caller, method, *arguments = UNTOLD[differs]
    name = "Liquidator" if method == "pledge" else "Clearinghouse"
    chain, kept = twin.made.chain, len(twin.made.chain.events)
    twin.made.send(caller, name, method, *arguments)
    del chain.events[kept:]
    assert audited(twin, events).differences == (differs,)


def test_an_event_that_is_missing_stops_an_audit():
    _, twin, events = told(tell_story)
    untold = [event for event in events if event.name != "AssetListed"]
    with pytest.raises(history.Inconsistent):
        audited(twin, untold)
