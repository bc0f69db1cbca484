"""Orders of an account: placed, filled, cancelled, and what rests."""

from collections.abc import Sequence
from enum import IntEnum
from typing import TypedDict, TypeVar, Unpack

from keeper.chain.interface import Receipt
from keeper.client.holder import Holder
from keeper.client.reading import read_order, read_placed
from keeper.client.results import Order, Placed
from keeper.client.units import Number, Rounding
from keeper.errors import UserError
from specs.listings import MAX_NUMBER, MAX_VISITS, NEVER, Kind, SelfTrade

Choice = TypeVar("Choice", bound=IntEnum)


class Terms(TypedDict, total=False):
    """What may be said of an order besides size, price and kind."""

    reduce_only: bool
    """Whether it does no more than to close a position, or sell and repay at spot."""
    expiry: int
    """The last second, since 1970, in which what rests may be filled."""
    self_trade: str | SelfTrade
    """``cancel newest`` or ``cancel oldest``, where it meets an order of the owner."""
    max_fills: int
    """How many resting orders it may visit."""
    rounding: str
    """``exact``, ``nearest``, ``down`` or ``up``: of size to lots, price to ticks."""


class Orders(Holder):
    """
    Sizes are in whole units, prices in USDC; instruments by name.

    Kinds are ``limit`` (what is not filled rests), ``ioc`` (it expires), ``fok`` (all
    or nothing) and ``post only`` (nothing is filled at once). An order without a price
    takes the market's, within its bands; it is ``ioc`` unless it is ``fok``.
    """

    def buy(
        self,
        name: str,
        size: Number,
        price: Number | None = None,
        kind: str | Kind | None = None,
        **terms: Unpack[Terms],
    ) -> Placed:
        """Buy for at most ``price``."""
        return self._place(name, True, size, price, kind, terms)

    def sell(
        self,
        name: str,
        size: Number,
        price: Number | None = None,
        kind: str | Kind | None = None,
        **terms: Unpack[Terms],
    ) -> Placed:
        """Sell for at least ``price``."""
        return self._place(name, False, size, price, kind, terms)

    def cancel(self, *orders: Order | int) -> Receipt:
        """Cancel orders; those that are gone already are passed over."""
        ids = [each if isinstance(each, int) else each.id for each in orders]
        return self.send(self.link.deployment.order_book, "cancel", ids)

    def cancel_all(self) -> Receipt:
        """Cancel every order of the account, in all instruments."""
        return self.send(self.link.deployment.order_book, "cancel_all", self.id)

    def orders(self, name: str | None = None) -> Sequence[Order]:
        """Return what rests, by slot: of one instrument if it is named."""
        found = [
            read_order(self.link.listings, each)
            for each in self.link.see("orders", self.id)
        ]
        return [each for each in found if name in (None, each.instrument)]

    def _place(
        self,
        name: str,
        is_buy: bool,
        size: Number,
        price: Number | None,
        kind: str | Kind | None,
        terms: Terms,
    ) -> Placed:
        instrument = self.link.listings.instrument(name)
        rounding = terms.get("rounding", Rounding.EXACT)
        if price is None:
            limit = instrument.price_of(MAX_NUMBER if is_buy else 1)
        else:
            limit = instrument.to_wad(price, rounding)
        placement = (
            self.id,
            instrument.number,
            is_buy,
            instrument.to_lots(size, rounding),
            limit,
            choose_kind(kind, has_price=price is not None),
            terms.get("reduce_only", False),
            pick(SelfTrade, terms.get("self_trade", SelfTrade.CANCEL_NEWEST)),
            terms.get("expiry", NEVER),
        )
        most = terms.get("max_fills", MAX_VISITS)
        book = self.link.deployment.order_book
        receipt = self.send(book, "place", placement, most)
        return read_placed(instrument, is_buy, receipt)


def choose_kind(kind: str | Kind | None, *, has_price: bool) -> Kind:
    """Return the kind that is meant; raise `UserError` for one that needs a price."""
    if kind is None:
        return Kind.LIMIT if has_price else Kind.IOC
    chosen = pick(Kind, kind)
    if not has_price and chosen in (Kind.LIMIT, Kind.POST_ONLY):
        raise UserError(f"{write(chosen)}: what may rest needs a price")
    return chosen


def pick(choices: type[Choice], named: str | Choice) -> Choice:
    """Return the choice called so, in any spelling; raise `UserError`."""
    if not isinstance(named, str):
        return choices(named)
    name = named.strip().upper().replace(" ", "_").replace("-", "_")
    if name not in choices.__members__:
        known = ", ".join(write(each) for each in choices)
        raise UserError(f"no {named!r}; there are {known}")
    return choices[name]


def write(choice: IntEnum) -> str:
    """Return a choice as people write it."""
    return choice.name.lower().replace("_", " ")
