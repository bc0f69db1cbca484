"""
Price oracle.

Prices for everybody: publishers sign what they see, anyone relays it, and of every
asset there is one fast and one slow price, of every perpetual one mark. Nobody can set
a price. A price has a time, that of the block that published it, and no expiry: whoever
uses it judges its age.

Counterpart of ``contracts/PriceOracle.vy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from specs import (
    book_basis,
    mark_price,
    price_index,
    quorum,
    slow_price,
    volatility,
)
from specs.errors import (
    LengthMismatch,
    NotBook,
    NotGovernor,
    TooFewReports,
    UnknownMarket,
)
from specs.fixed_point import Seconds, Wad
from specs.mark_price import Market, Markets
from specs.price_index import NO_PRICE
from specs.quorum import Quorum
from specs.reports import Report as Report
from specs.reports import check_content, get_named_assets, get_quotes
from specs.reports import compute_report_digest as compute_report_digest
from specs.slow_price import Assets
from specs.volatility import NO_VARIANCE, Variances


@dataclass(frozen=True)
class State:
    """All that the oracle remembers; what is not listed is not there."""

    governor: str
    quorum: Quorum
    assets: Assets
    markets: Markets
    variances: Variances


def open_oracle(governor: str, threshold: int, publishers: Sequence[str]) -> State:
    """Return an oracle without assets."""
    return State(governor, quorum.found(threshold, publishers), {}, {}, {})


def publish(
    state: State,
    now: Seconds,
    caller: str,
    reports: Sequence[Report],
    signers: Sequence[str],
) -> tuple[State, int]:
    """
    Publish new prices; return the number of the new version.

    ``signers`` has the signer of each report. An asset on whose price fewer than the
    threshold of them agree stays as it is.
    """
    if len(reports) != len(signers):
        raise LengthMismatch
    quorum.check_version(state.quorum, now, len(reports))
    for position, (report, signer) in enumerate(zip(reports, signers, strict=True)):
        check_content(state.assets, report)
        others = signers[:position]
        quorum.check_report(state.quorum, now, report.time, signer, others)
    advanced = quorum.advance(state.quorum, now, [report.time for report in reports])

    fast = compute_fast_prices(state.quorum, reports, signers)
    if not fast:
        raise TooFewReports
    state = replace(state, quorum=advanced)
    for asset, price in fast.items():
        state = update_asset(state, now, asset, price)
    return state, advanced.version


def compute_fast_prices(
    members: Quorum, reports: Sequence[Report], signers: Sequence[str]
) -> dict[int, Wad]:
    """Return the index of every asset on whose price enough of the reports agree."""
    weights = [members.weights[signer] for signer in signers]
    fast = {}
    for asset in get_named_assets(reports):
        prices, matching = get_quotes(asset, reports, weights)
        if price_index.count_agreeing(prices) >= members.threshold:
            fast[asset] = price_index.compute_index_down(prices, matching)
    return fast


def update_asset(state: State, now: Seconds, asset: int, fast: Wad) -> State:
    """
    Update the variance and the prices of an asset and the marks of its markets.

    After an outage none of them changes until updates have gone on for a while.
    """
    before = state.assets[asset]
    if slow_price.must_wait(before, now):
        waiting = slow_price.wait(before, now)
        return replace(state, assets={**state.assets, asset: waiting})
    variance = volatility.compute_variance_up(
        state.variances.get(asset, NO_VARIANCE),
        before.fast,
        fast,
        Seconds(now - before.time),
    )
    after = slow_price.update(before, now, fast)
    markets = {
        number: mark_price.update(market, now, before.slow, after.slow)
        for number, market in state.markets.items()
        if market.asset == asset
    }
    return replace(
        state,
        assets={**state.assets, asset: after},
        markets={**state.markets, **markets},
        variances={**state.variances, asset: variance},
    )


def observe(
    state: State, now: Seconds, caller: str, market: int, mid: Wad, until: Seconds
) -> tuple[State, None]:
    """
    Have the market's book say that its impact mid is ``mid`` from now on, and for how
    long it can say so.
    """
    found = get_market(state, market)
    if caller != found.book:
        raise NotBook
    holds = book_basis.observe(found.holds, now, mid, until)
    return set_market(state, market, replace(found, holds=holds))


def list_asset(
    state: State,
    now: Seconds,
    caller: str,
    asset: int,
    max_step: int,
    spot_tolerance: int,
) -> tuple[State, None]:
    """List an asset; it has no price until one is published."""
    check_governor(state, caller)
    listed = slow_price.list_asset(state.assets, asset, max_step, spot_tolerance)
    return replace(state, assets=listed), None


def list_market(
    state: State,
    now: Seconds,
    caller: str,
    market: int,
    asset: int,
    period: int,
    bound: int,
    tolerance: int,
    book: str,
) -> tuple[State, None]:
    """List a perpetual market; it has a mark with the asset's next price."""
    check_governor(state, caller)
    markets = mark_price.list_market(
        state.markets, market, asset, period, bound, tolerance
    )
    assets = slow_price.attach(state.assets, asset, market)
    markets[market] = replace(markets[market], book=book)
    return replace(state, assets=assets, markets=markets), None


def set_book(
    state: State, now: Seconds, caller: str, market: int, book: str
) -> tuple[State, None]:
    """Name another book for a market; it is empty until it reports."""
    check_governor(state, caller)
    found = get_market(state, market)
    holds = book_basis.observe(found.holds, now, NO_PRICE, now)
    return set_market(state, market, replace(found, book=book, holds=holds))


def set_publisher(
    state: State, now: Seconds, caller: str, publisher: str, weight: int
) -> tuple[State, None]:
    """Enrol a publisher, change its weight, or let it go with a weight of 0."""
    check_governor(state, caller)
    changed = quorum.set_weight(state.quorum, publisher, weight)
    return replace(state, quorum=changed), None


def set_threshold(
    state: State, now: Seconds, caller: str, threshold: int
) -> tuple[State, None]:
    """Set how many reports a publication needs."""
    check_governor(state, caller)
    changed = quorum.set_threshold(state.quorum, threshold)
    return replace(state, quorum=changed), None


def get_market(state: State, market: int) -> Market:
    """Return a market; refuse one that is not listed."""
    if market not in state.markets:
        raise UnknownMarket
    return state.markets[market]


def set_market(state: State, number: int, market: Market) -> tuple[State, None]:
    """Return the state with one market replaced."""
    return replace(state, markets={**state.markets, number: market}), None


def check_governor(state: State, caller: str) -> None:
    """Refuse everybody but the governor."""
    if caller != state.governor:
        raise NotGovernor
