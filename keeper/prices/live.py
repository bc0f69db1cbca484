"""
Prices from exchanges, by their public tickers.

An asset's price is the median over the exchanges that answer, in USDC: from a market
in USDC where there is one, else from a market in USDT and what a USDT is worth. An
exchange that does not answer, or answers nonsense, is left out with a line in the log.
"""

import logging
import statistics
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any, Final, Protocol

from keeper.errors import UserError
from keeper.prices import START_PRICES, WAD

EXCHANGES: Final = ("binance", "kraken", "coinbase", "okx", "bybit")

_TIMEOUT: Final = 3_000  # milliseconds

_log = logging.getLogger("keeper.prices")


class Exchange(Protocol):
    """What is used of an exchange of ccxt."""

    def fetch_ticker(self, symbol: str) -> Mapping[str, Any]:
        """Return the ticker of a market."""
        ...


class LivePrices:
    """A price source that asks exchanges, at most once in a second."""

    label = "live exchanges"

    def __init__(self, exchanges: Mapping[str, Exchange]) -> None:
        """Ask these exchanges, by name."""
        self._exchanges = exchanges
        self._answered: tuple[int, dict[str, int]] | None = None

    def price_at(self, time: int) -> dict[str, int]:
        """
        Return the prices of now; `time` only tells one question from the next.

        Raise `UserError` if no exchange has a price for an asset.
        """
        if self._answered is None or self._answered[0] != time:
            self._answered = time, self._ask()
        return dict(self._answered[1])

    def _ask(self) -> dict[str, int]:
        found: dict[str, list[int]] = {asset: [] for asset in START_PRICES}
        for name, exchange in self._exchanges.items():
            for asset, price in _prices_of(name, exchange):
                found[asset].append(price)
        for asset, prices in found.items():
            if not prices:
                raise UserError(
                    f"no exchange has a price for {asset}; asked "
                    f"{', '.join(self._exchanges)}: check the network or choose others"
                )
        return {
            asset: int(statistics.median_low(prices)) for asset, prices in found.items()
        }


def live_prices(names: Sequence[str] = EXCHANGES) -> LivePrices:
    """Return a source over the exchanges called so in ccxt."""
    try:
        ccxt = import_module("ccxt")
    except ImportError:
        raise UserError("live prices need ccxt: run `make install`") from None
    for name in names:
        if name not in ccxt.exchanges:
            raise UserError(f"unknown exchange {name}; see `ccxt.exchanges`")
    options = {"timeout": _TIMEOUT, "enableRateLimit": True}
    return LivePrices({name: getattr(ccxt, name)(options) for name in names})


def _prices_of(name: str, exchange: Exchange) -> Iterator[tuple[str, int]]:
    """Yield what one exchange knows, in USDC."""
    usdt = _ticker(name, exchange, "USDT/USDC")
    inverse = None if usdt else _ticker(name, exchange, "USDC/USDT")
    if inverse:
        usdt = WAD * WAD // inverse
    if usdt:
        yield "USDT", usdt
    for asset in START_PRICES:
        if asset == "USDT":
            continue
        price = _ticker(name, exchange, f"{asset}/USDC")
        if price is None and usdt:
            in_usdt = _ticker(name, exchange, f"{asset}/USDT")
            price = in_usdt * usdt // WAD if in_usdt else None
        if price:
            yield asset, price


def _ticker(name: str, exchange: Exchange, symbol: str) -> int | None:
    """Return the last price of a market as WAD, None if there is none to be had."""
    try:
        last = exchange.fetch_ticker(symbol)["last"]
        price = Decimal(str(last))
    except _failures() as error:
        _log.warning("%s: no price of %s: %s", name, symbol, str(error)[:120])
        return None
    if not price.is_finite() or not 0 < price < 10**12:
        _log.warning("%s: no price of %s: %s", name, symbol, last)
        return None
    return int(price * WAD)


def _failures() -> tuple[type[Exception], ...]:
    """Return what asking may raise; ccxt need not be installed to be caught."""
    usual = (LookupError, InvalidOperation, OSError)
    try:
        return (*usual, import_module("ccxt").BaseError)
    except ImportError:
        return usual
