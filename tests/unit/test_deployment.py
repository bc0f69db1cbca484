"""The deployment: what is listed as it should be, and the file that remembers it."""

import json
from dataclasses import replace

import pytest

from keeper import devnet, governing
from keeper.artifacts import BODIES
from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from keeper.deployment import deploy, load, save
from keeper.devnet import populate
from keeper.errors import UserError
from keeper.governing import Order, announcement, enact, give
from keeper.mirror import Scope, read_clearing, reader_of
from keeper.parameters import ASSETS, BOOKS, FUND_SEED, MARKETS, find_asset
from keeper.prices.seeded import seeded_prices
from keeper.signing import local_account
from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, USDC, Address, compute_account
from specs.authority import ORDER_VENUE
from specs.fixed_point import WAD
from specs.instruments import SPOT

GOVERNOR = local_account("governor").address
PUBLISHERS = [local_account(f"publisher {i}").address for i in range(3)]


@pytest.fixture(scope="module")
def chain():
    return RevmChain()


@pytest.fixture(scope="module")
def deployment(chain):
    return deploy(chain, GOVERNOR, PUBLISHERS)


@pytest.fixture(scope="module")
def state(chain, deployment):
    venues = [deployment.quote_desk, deployment.liquidator, deployment.order_book]
    scope = Scope(
        assets=range(8),
        markets=range(8),
        accounts=[BACKSTOP_FUND],
        venues=[Address(int(venue.address, 16)) for venue in venues],
    )
    return read_clearing(reader_of(chain, BODIES[0], deployment.vault), scope)


def test_every_asset_is_listed_as_its_parameters_say(state):
    assert set(state.assets) == {asset.number for asset in ASSETS}
    for asset in ASSETS:
        listed = state.assets[asset.number]
        assert listed.decimals == asset.decimals
        assert listed.pool.curve == asset.curve
        assert listed.haircut == asset.haircut
        assert (listed.requirement, listed.fees) == (asset.requirement, asset.fees)


def test_every_pool_is_limited_as_its_parameters_say(state):
    for asset in ASSETS:
        pool, limits = state.assets[asset.number].pool, asset.limits
        assert (pool.supply_cap, pool.borrow_cap) == (
            limits.supply_cap,
            limits.borrow_cap,
        )
        for name in (
            "max_utilisation",
            "threshold",
            "throttle_share",
            "outflow_share",
            "outflow_floor",
        ):
            assert getattr(pool.guards, name) == getattr(limits, name) > 0


def test_every_market_is_listed_as_its_parameters_say(state):
    assert set(state.markets) == {market.number for market in MARKETS}
    for market in MARKETS:
        listed = state.markets[market.number]
        assert (listed.underlying, listed.lot) == (market.underlying, market.lot)
        assert (listed.requirement, listed.fees) == (market.requirement, market.fees)
        assert (listed.interval, listed.fund.cap) == (market.interval, market.fund_cap)
        assert (listed.limits, listed.cull) == (market.limits, market.cull)
        assert listed.limits.reference > 0


def test_the_oracle_follows_every_asset_and_market(chain, deployment):
    for asset in ASSETS[1:]:
        listed = chain.call(deployment.oracle, "asset_of", asset.number)
        told = listed.max_step, listed.spot_tolerance
        assert told == (asset.max_step, asset.spot_tolerance)
    for market in MARKETS:
        listed = chain.call(deployment.oracle, "market_of", market.number)
        wanted = market.underlying, market.period, market.bound, market.tolerance
        told = listed.asset, listed.period, listed.bound, listed.tolerance
        assert told == wanted
    assert chain.call(deployment.oracle, "quorum")[3:] == (2, 3)


def test_the_order_book_tells_the_oracle_of_every_market(chain, deployment):
    for market in MARKETS:
        listed = chain.call(deployment.oracle, "market_of", market.number)
        assert listed.book == deployment.order_book.address


def test_somebody_else_may_tell_the_oracle():
    chain = RevmChain()
    found = deploy(chain, GOVERNOR, PUBLISHERS, book=PUBLISHERS[0])
    assert chain.call(found.oracle, "market_of", 0).book == PUBLISHERS[0]


def test_every_instrument_is_on_the_book_as_its_parameters_say(chain, deployment):
    for listing in BOOKS:
        listed = chain.call(deployment.order_book, "listing", listing.instrument)
        terms = listing.tick, listing.lot_exponent, listing.min_lots
        assert tuple(listed) == (*terms, listing.impact, listing.max_spread)
    traded = {listing.instrument for listing in BOOKS}
    assert traded == {*(m.number for m in MARKETS)} | {
        SPOT + asset.number for asset in ASSETS if asset.number != USDC
    }


def test_venues_have_one_role_each_and_the_fund_its_seed(state, deployment):
    roles = {int(deployment.quote_desk.address, 16): ch.TRADE_VENUE}
    roles[int(deployment.liquidator.address, 16)] = ch.LIQUIDATION_VENUE
    roles[int(deployment.order_book.address, 16)] = ORDER_VENUE
    assert state.venues == roles
    assert ch.get_held(state, BACKSTOP_FUND, USDC) == FUND_SEED


def test_without_a_timelock_the_deployer_governs(chain, deployment, state):
    assert (state.governor, state.guardian, state.delay) == (int(GOVERNOR, 16), 0, 0)
    assert deployment.timelock is None
    assert chain.call(deployment.oracle, "GOVERNOR") == GOVERNOR


@pytest.fixture(scope="module")
def governed():
    """The devnet's deployment, on a chain in this process."""
    chain = RevmChain()
    keys = [local_account(f"demo {i}") for i in range(10)]
    return chain, keys, populate(chain, keys, seeded_prices(0, chain.block().timestamp))


def read_governed(governed):
    chain, keys, made = governed
    numbers = [int(key.address, 16) for key in keys]
    scope = Scope(
        assets=range(8),
        markets=range(8),
        accounts=[BACKSTOP_FUND, *(compute_account(n, 0) for n in numbers)],
    )
    return read_clearing(reader_of(chain, BODIES[0], made.vault), scope)


def test_the_devnet_is_governed_by_a_timelock(governed):
    chain, keys, made = governed
    state, timelock = read_governed(governed), made.timelock.address
    assert chain.call(made.clearinghouse, "governor") == timelock
    assert chain.call(made.oracle, "GOVERNOR") == timelock
    assert chain.call(made.order_book, "GOVERNOR") == timelock
    assert chain.call(made.timelock, "PROPOSER") == keys[devnet.GOVERNOR].address
    assert chain.call(made.timelock, "DELAY") == state.delay == devnet.DELAY > 0
    assert state.guardian == int(keys[devnet.MAKER].address, 16)
    assert set(state.markets) == {market.number for market in MARKETS}
    for market in MARKETS:
        assert chain.call(made.oracle, "mark", market.number)[0] > 0


def test_a_change_that_loosens_waits_twice_on_the_devnet(governed):
    chain, keys, made = governed
    proposer, home = keys[devnet.GOVERNOR].address, made.clearinghouse
    order = Order(home, "set_fund_cap", (0, 60_000 * WAD))
    with pytest.raises(Refused, match="not the governor"):
        give(chain, proposer, [order])
    with pytest.raises(Refused, match="not queued"):
        enact(chain, proposer, made.timelock, [order])
    enact(chain, proposer, made.timelock, [announcement(order)])
    with pytest.raises(Refused, match="not ready"):
        chain.send(proposer, made.timelock, "execute", *order.words)
    enact(chain, proposer, made.timelock, [order])
    assert read_governed(governed).markets[0].fund.cap == 60_000 * WAD


@pytest.mark.parametrize("delay", [0, 7])
def test_a_chain_that_keeps_its_own_time_is_waited_for(delay, monkeypatch):
    slept = []
    monkeypatch.setattr(governing.time, "sleep", slept.append)
    governing.pass_time(object(), delay)
    assert slept == [delay + 1]
    chain = RevmChain()
    before = chain.block().timestamp
    governing.pass_time(chain, delay)
    assert chain.block().timestamp == before + max(1, delay)
    assert slept == [delay + 1]


def test_the_devnet_has_positions_inside_and_outside_the_tick_sets(governed):
    _, keys, _ = governed
    accounts = read_governed(governed).accounts
    named = [compute_account(int(key.address, 16), 0) for key in keys]
    held = {n: accounts[named[n]] for n, _, _ in devnet.POSITIONS}
    assert {
        (n, market, position.lots)
        for n, account in held.items()
        for market, position in account.positions.items()
    } == set(devnet.POSITIONS)
    for n, account in held.items():
        outside = {p.entry is None for p in account.positions.values()}
        assert outside == {n == devnet.REALISED}


def test_a_timelock_is_saved_with_the_rest(governed, tmp_path):
    chain, _, made = governed
    save(made, tmp_path / "file.json")
    assert load(chain, tmp_path / "file.json") == made


def test_a_deployment_is_the_same_after_it_was_saved(chain, deployment, tmp_path):
    save(deployment, tmp_path / "file.json")
    assert load(chain, tmp_path / "file.json") == deployment
    names = json.loads((tmp_path / "file.json").read_text())["contracts"]
    functions = [entry.get("name") for entry in names["clearinghouse"]["abi"]]
    assert {"deposit", "fill_perp", "tick", "take_over", "list_asset"} <= {*functions}


def test_another_chain_is_refused(chain, deployment, tmp_path):
    save(replace(deployment, chain_id=5), tmp_path / "file.json")
    with pytest.raises(UserError, match=r"wrong chain: .* is of chain 5"):
        load(chain, tmp_path / "file.json")


def test_a_chain_without_the_contracts_is_refused(deployment, tmp_path):
    save(deployment, tmp_path / "file.json")
    with pytest.raises(UserError, match=r"no .* at 0x.* on this chain"):
        load(RevmChain(), tmp_path / "file.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file; `ape run devnet` writes one"),
        ("{", "is no deployment file: "),
        ("[]", "is no deployment file of this version"),
    ],
)
def test_a_file_that_is_none_gets_one_line(chain, tmp_path, text, message):
    path = tmp_path / "file.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as refusal:
        load(chain, path)
    assert str(refusal.value).startswith(f"{path}: {message}")


def test_symbols_find_their_assets():
    assert find_asset("BTC").number == 1
    with pytest.raises(KeyError):
        find_asset("DOGE")
