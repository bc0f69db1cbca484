# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title PriceOracle
@license Apache-2.0
@notice Prices for everybody: publishers sign what they see, anyone relays it, and of
        every asset there is one fast and one slow price, of every perpetual one mark.
@dev The oracle holds nothing and calls nobody. Nobody can set a price: the governor
     lists, enrols publishers by majority rule and names books, no more. A price has a
     time and no expiry: whoever uses it judges its age. After an outage the last price
     and its time stand until updates have gone on for a while.
@custom:spec specs/price_oracle.py
"""

from .interfaces import IPriceOracle

implements: IPriceOracle

from .modules import book_basis
from .modules import errors
from .modules import mark_price
from .modules import outage
from .modules import price_index
from .modules import price_views
from .modules import quorum as publishing
from .modules import reports as reporting
from .modules import signatures as typed_data
from .modules import slow_price
from .modules import volatility

initializes: book_basis
initializes: mark_price[book_basis := book_basis]
initializes: outage
initializes: publishing
initializes: slow_price
initializes: volatility
initializes: reporting[slow_price := slow_price]
initializes: price_views[
    book_basis := book_basis,
    mark_price := mark_price,
    outage := outage,
    slow_price := slow_price,
    volatility := volatility,
]
exports: (
    price_views.feed,
    price_views.mark,
    price_views.band,
    price_views.spot_band,
    price_views.asset_of,
    price_views.market_of,
    publishing.weight_of,
)

_NAME: constant(bytes32) = keccak256("Rucksack PriceOracle")
_VERSION: constant(bytes32) = keccak256("1")
UNIT: constant(uint256) = price_index.UNIT

GOVERNOR: public(immutable(address))


@deploy
def __init__(
    governor: address, threshold: uint256, publishers: DynArray[address, 16]
):
    """
    @notice Open an oracle without assets.
    @param governor Who may list and enrol.
    @param threshold Reports that a publication needs; more than half of the publishers.
    @param publishers Keys that may report, with equal weights.
    """
    GOVERNOR = governor
    publishing._found(threshold, publishers)
    for publisher: address in publishers:
        log IPriceOracle.SetPublisher(
            publisher=publisher,
            weight=publishing.DEFAULT_WEIGHT,
            timestamp=block.timestamp,
        )
    log IPriceOracle.SetThreshold(threshold=threshold, timestamp=block.timestamp)


# Anyone


@external
def publish(
    reports: DynArray[IPriceOracle.Report, 16], signatures: DynArray[Bytes[65], 16]
) -> uint256:
    """
    @notice Publish new prices out of publishers' reports. An asset on whose price fewer
            than the threshold of them agree stays as it is.
    @param reports At most 5 s old, within 2 s of one another, all later than the last
           version's, from different publishers.
    @param signatures 65 bytes `r | s | v` of each report's publisher.
    @return Number of the new version.
    """
    assert len(reports) == len(signatures), errors.LENGTH_MISMATCH
    state: IPriceOracle.Quorum = publishing._read()
    publishing._check_version(state, len(reports))

    domain: bytes32 = typed_data._domain_separator(_NAME, _VERSION)
    signers: DynArray[address, 16] = []
    quotes: DynArray[uint256, 256] = []
    oldest: uint256 = max_value(uint256)
    newest: uint256 = 0
    for i: uint256 in range(len(reports), bound=16):
        signer: address = self._verify(
            reports[i], signatures[i], domain, state.reported_at
        )
        assert signer not in signers, errors.DUPLICATE_PUBLISHER
        signers.append(signer)
        weight: uint256 = publishing.weight_of[signer]
        for j: uint256 in range(len(reports[i].assets), bound=16):
            quotes.append(
                reporting._quote(reports[i].assets[j], reports[i].prices[j], weight)
            )
        oldest = min(oldest, reports[i].time)
        newest = max(newest, reports[i].time)
    publishing._check_span(oldest, newest)

    version: uint256 = publishing._advance(state, newest)
    log IPriceOracle.Publish(
        version=version, reported_at=newest, timestamp=block.timestamp
    )
    assert self._update_assets(quotes, state.threshold), errors.TOO_FEW_REPORTS
    return version


# A market's book


@external
def observe(market: uint256, mid: uint256, until: uint256):
    """
    @notice Say that the market's impact mid is `mid` from now on.
    @param mid WAD USDC, taken down to a multiple of 10**6 wei; 0 for an empty book.
    @param until Block timestamp from which on it counts no more, unless it is observed
           again: not before now, and in 300 s at most, whatever is said.
    """
    self._check_market(market)
    assert msg.sender == book_basis.book_of[market], errors.NOT_BOOK

    self._hold(market, price_index._to_units_down(mid), until)


# The governor


@external
def list_asset(asset: uint256, max_step: uint256, spot_tolerance: uint256):
    """
    @notice List an asset; it has no price until one is published.
    @param asset Its number, 1 to 31.
    @param max_step Of the slow price, ppm per second, at most 10,000.
    @param spot_tolerance Of spot fills around the slow price, ppm, at most 200,000.
    """
    self._check_governor()
    slow_price._list(asset, max_step, spot_tolerance)
    log IPriceOracle.ListAsset(
        asset=asset,
        max_step=max_step,
        spot_tolerance=spot_tolerance,
        timestamp=block.timestamp,
    )


@external
def list_market(
    market: uint256,
    asset: uint256,
    period: uint256,
    bound: uint256,
    tolerance: uint256,
    book: address,
):
    """
    @notice List a perpetual market; it has a mark with the asset's next price.
    @param market Its number, 0 to 31.
    @param asset Listed asset under it; an asset has at most four markets.
    @param period Of the basis' mean, 60 to 300 seconds.
    @param bound Of the mark around the slow price, ppm, at most 50,000.
    @param tolerance Of fills around the mark, ppm, at most 100,000.
    @param book Who may report the mid; the zero address for nobody.
    """
    self._check_governor()
    mark_price._list(market, asset, period, bound, tolerance)
    slow_price._attach(asset, market)
    book_basis.book_of[market] = book
    log IPriceOracle.ListMarket(
        market=market,
        asset=asset,
        period=period,
        bound=bound,
        tolerance=tolerance,
        book=book,
        timestamp=block.timestamp,
    )


@external
def set_book(market: uint256, book: address):
    """
    @notice Name another book for a market. It is empty until it reports; what the last
            one reported counts for as long as it held.
    """
    self._check_governor()
    self._check_market(market)
    book_basis.book_of[market] = book
    log IPriceOracle.SetBook(market=market, book=book, timestamp=block.timestamp)
    self._hold(market, 0, block.timestamp)


@external
def set_publisher(publisher: address, weight: uint256):
    """
    @notice Enrol a publisher, change its weight, or let it go with a weight of 0.
    @param weight In the index' mean, at most 10,000.
    """
    self._check_governor()
    publishing._set_weight(publisher, weight)
    log IPriceOracle.SetPublisher(
        publisher=publisher, weight=weight, timestamp=block.timestamp
    )


@external
def set_threshold(threshold: uint256):
    """
    @notice Set how many reports a publication needs, more than half of the publishers.
    """
    self._check_governor()
    publishing._set_threshold(threshold)
    log IPriceOracle.SetThreshold(threshold=threshold, timestamp=block.timestamp)


# Views


@view
@external
def version() -> uint256:
    """
    @notice Return the number of publications so far.
    """
    return publishing._read().version


@view
@external
def quorum() -> IPriceOracle.Quorum:
    """
    @notice Return all that publishing remembers but for the publishers' weights.
    """
    return publishing._read()


@view
@external
def domain_separator() -> bytes32:
    """
    @notice Return the EIP-712 domain in which reports are signed.
    """
    return typed_data._domain_separator(_NAME, _VERSION)


# In the order in which the above use them


@internal
@view
def _verify(
    report: IPriceOracle.Report,
    signature: Bytes[65],
    domain: bytes32,
    reported_at: uint256,
) -> address:
    """
    @notice Refuse a report that can't be in a version, and return who signed it.
    """
    reporting._check_content(report)
    publishing._check_time(report.time, reported_at)
    signer: address = typed_data._recover(
        typed_data._digest(domain, reporting._hash(report)), signature
    )
    assert publishing.weight_of[signer] != 0, errors.NOT_PUBLISHER
    return signer


@internal
def _update_assets(quotes: DynArray[uint256, 256], threshold: uint256) -> bool:
    """
    @notice Update every asset on whose price enough reports agree, in the order in
            which they first name them, and return whether there was one.
    """
    is_any: bool = False
    seen: uint256 = 0
    for quote: uint256 in quotes:
        asset: uint256 = reporting._asset(quote)
        if seen & (1 << asset) != 0:
            continue
        seen |= 1 << asset

        prices: DynArray[uint256, 16] = []
        weights: DynArray[uint256, 16] = []
        for other: uint256 in quotes:
            if reporting._asset(other) == asset:
                prices.append(reporting._price(other))
                weights.append(reporting._weight(other))
        fast: uint256 = price_index._combine_down(prices, weights, threshold)
        if fast != 0:
            self._update_asset(asset, fast)
            is_any = True
    return is_any


@internal
def _update_asset(asset: uint256, fast: uint256):
    """
    @notice Update the variance and the prices of an asset, then the marks of its
            markets; nothing of them while prices wait after an outage.
    """
    word: uint256 = slow_price._read(asset)
    stride: uint256 = outage._admit(asset, slow_price._time(word))
    if stride == 0:
        resumed_at: uint256 = outage._run(asset, slow_price._time(word))[0]
        log IPriceOracle.DeferPrice(
            asset=asset,
            fast=fast * UNIT,
            resumed_at=resumed_at,
            timestamp=block.timestamp,
        )
        return
    seconds: uint256 = block.timestamp - slow_price._time(word)
    variance: uint256 = volatility._update(
        asset,
        slow_price._fast(word),
        fast,
        seconds,
        mark_price._decay_down(seconds, volatility.PERIOD),
    )
    before: uint256 = 0
    slow: uint256 = 0
    markets: uint256 = 0
    before, slow, markets = slow_price._update(asset, fast, stride)
    log IPriceOracle.UpdatePrice(
        asset=asset,
        slow=slow * UNIT,
        fast=fast * UNIT,
        variance=variance,
        timestamp=block.timestamp,
    )
    for _: uint256 in range(4):
        if markets == 0:
            break
        market: uint256 = (markets & 255) - 1
        markets >>= 8
        current: uint256 = 0
        mean: uint256 = 0
        current, mean = mark_price._update(market, before, slow)
        log IPriceOracle.UpdateMark(
            market=market,
            mark=current * UNIT,
            mean_mark=mean * UNIT,
            timestamp=block.timestamp,
        )


@internal
def _hold(market: uint256, mid: uint256, until: uint256):
    """
    @notice Let `mid`, in units, hold from now on, until then at most.
    """
    word: uint256 = mark_price._read(market)
    end: uint256 = book_basis._observe(
        market,
        mid,
        until,
        slow_price._slow(slow_price._read(mark_price._asset(word))),
        mark_price._bound(word),
        mark_price._time(word),
    )
    log IPriceOracle.Observe(
        market=market, mid=mid * UNIT, until=end, timestamp=block.timestamp
    )


@internal
@view
def _check_market(market: uint256):
    """
    @notice Refuse a market that is not listed.
    """
    assert mark_price._read(market) != 0, errors.UNKNOWN_MARKET


@internal
@view
def _check_governor():
    """
    @notice Refuse everybody but the governor.
    """
    assert msg.sender == GOVERNOR, errors.NOT_GOVERNOR
