"""What is listed, by name: the assets, and what is traded in which steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from keeper.chain.interface import Chain, Contract
from keeper.client.units import WAD_DECIMALS, Number, count, to_decimal
from keeper.deployment import Deployment
from keeper.errors import UserError
from specs.accounts import USDC
from specs.instruments import SPOT, is_spot


@dataclass(frozen=True)
class Asset:
    """A token that the vault takes."""

    symbol: str
    number: int
    token: Contract
    decimals: int

    def to_units(self, amount: Number, rounding: str = "exact") -> int:
        """Return an amount of whole tokens in the token's units."""
        return count(amount, Decimal(1).scaleb(-self.decimals), self.symbol, rounding)

    def to_amount(self, units: int) -> Decimal:
        """Return so many of the token's units in whole tokens."""
        return to_decimal(units, self.decimals)


@dataclass(frozen=True)
class Instrument:
    """
    What is traded: a perpetual or a spot pair, with USDC.

    Sizes are in whole units of what is bought and sold, prices in USDC for one. A
    size on the book is a multiple of `lot`, a price a multiple of `tick`; what is not
    on the book has no tick and is traded by quotes.
    """

    name: str
    number: int
    """As the contracts know it: a market's, or ``SPOT`` plus an asset's."""
    lot: Decimal
    tick: Decimal
    min_size: Decimal
    """The smallest order that may rest."""

    def to_lots(self, size: Number, rounding: str = "exact") -> int:
        """Return a size in lots."""
        return count(size, self.lot, f"size of {self.name}", rounding)

    def to_ticks(self, price: Number, rounding: str = "exact") -> int:
        """Return a price in ticks."""
        if self.tick == 0:
            raise UserError(f"{self.name} is not on the book; trade it by quotes")
        return count(price, self.tick, f"price of {self.name}", rounding)

    def to_wad(self, price: Number, rounding: str = "exact") -> int:
        """Return a price on a tick as contracts write it, WAD USDC."""
        return self.price_of(self.to_ticks(price, rounding))

    def price_of(self, number: int) -> int:
        """Return the price of so many ticks as contracts write it, WAD USDC."""
        return number * int(self.tick.scaleb(WAD_DECIMALS))

    def to_size(self, lots: int) -> Decimal:
        """Return so many lots as a size."""
        return to_decimal(lots * int(self.lot.scaleb(WAD_DECIMALS)))

    def to_quoted(self, size: Number) -> int:
        """Return a size as quotes state it: in lots, or in WAD of a spot asset."""
        return count(size, to_decimal(self._quoted), f"size of {self.name}")

    def from_quoted(self, units: int) -> Decimal:
        """Return a size that a quote states."""
        return to_decimal(units * self._quoted)

    @property
    def _quoted(self) -> int:
        """Return the WAD in a unit of a quote's size."""
        return 1 if is_spot(self.number) else int(self.lot.scaleb(WAD_DECIMALS))


class Listings:
    """The names of one deployment, read from the chain when they are first asked."""

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        """Read nothing yet."""
        self._chain = chain
        self._deployment = deployment

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """Return the listed assets by symbol, in the order of their numbers."""
        tokens = {
            token.address: (symbol, token)
            for symbol, token in self._deployment.tokens.items()
        }
        found = {}
        for number in self._look("assets"):
            listed = self._look("asset", number)
            symbol, token = tokens[listed.token]
            found[symbol] = Asset(symbol, number, token, listed.decimals)
        return found

    @cached_property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return what is traded: markets as ``BTC-PERP``, pairs as ``BTC``."""
        symbols = {asset.number: name for name, asset in self.assets.items()}
        names = {
            number: f"{symbols[self._look('market', number).underlying]}-PERP"
            for number in self._look("markets")
        }
        names |= {SPOT + n: symbol for n, symbol in symbols.items() if n != USDC}
        return {name: self._instrument(name, number) for number, name in names.items()}

    def asset(self, symbol: str) -> Asset:
        """Return the asset called so; raise `UserError` if there is none."""
        return _find(self.assets, symbol, "asset")

    def instrument(self, name: str) -> Instrument:
        """Return the instrument called so; raise `UserError` if there is none."""
        return _find(self.instruments, name, "instrument")

    def asset_name(self, number: int) -> str:
        """Return the symbol of the asset with a number."""
        return next(n for n, each in self.assets.items() if each.number == number)

    def named(self, number: int) -> Instrument:
        """Return the instrument with a number."""
        return next(each for each in self.instruments.values() if each.number == number)

    def _instrument(self, name: str, number: int) -> Instrument:
        book = self._deployment.order_book
        listed = self._chain.call(book, "listing", number)
        if listed.tick == 0:
            lot = 1 if is_spot(number) else self._look("market", number).lot
            step = to_decimal(lot)
            return Instrument(name, number, lot=step, tick=Decimal(0), min_size=step)
        lot = 10**listed.lot_exponent
        return Instrument(
            name=name,
            number=number,
            lot=to_decimal(lot),
            tick=to_decimal(listed.tick),
            min_size=to_decimal(lot * listed.min_lots),
        )

    def _look(self, method: str, *arguments: int) -> Any:
        return self._chain.call(self._deployment.lens, method, *arguments)


Listed = TypeVar("Listed")


def _find(listed: Mapping[str, Listed], name: str, kind: str) -> Listed:
    if name not in listed:
        raise UserError(f"no {kind} {name}; there are {', '.join(listed)}")
    return listed[name]
