"""
Which words of an account are kept, in which column.

The lists in an account's header say which of them can be other than zero, so that only
these are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from keeper.errors import UserError
from specs import packing
from specs.accounts import USDC, AccountId
from specs.instruments import SPOT, get_code
from specs.packing import HEADER

Key = tuple[str, int | None]
"""A variable of the Clearinghouse and, under an account, a number."""

FIRST: Final[Sequence[Key]] = (("headers", None), ("distress", None))
"""Words without a number; the header is read before anything else."""

ORDER_BITS: Final = 64


@dataclass(frozen=True)
class Layout:
    """The columns of a deployment with these assets and markets."""

    assets: tuple[int, ...]
    markets: tuple[int, ...]

    @cached_property
    def codes(self) -> tuple[int, ...]:
        """Return the codes of all instruments."""
        spot = (SPOT + asset for asset in self.assets)
        return tuple(sorted(get_code(each) for each in (*self.markets, *spot)))

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Return what each column holds, in their order."""
        return (
            *FIRST,
            *(("balances", asset) for asset in self.assets),
            *(("positions", market) for market in self.markets),
            *(("snapshots", market) for market in self.markets),
            *(("orders", code) for code in self.codes),
        )

    @cached_property
    def places(self) -> dict[Key, int]:
        """Return the columns by what they hold."""
        return {key: place for place, key in enumerate(self.keys)}

    def listed(self, account: AccountId, header: int) -> list[Key]:
        """
        Return what an account may have beside its first words, as its header says.

        Raise `UserError` if it has something that has no column.
        """
        keys = [("balances", USDC), *listed_by(header)]
        for key in keys:
            if key not in self.places:
                raise UserError(
                    f"account {account:#x} has {key[0]} {key[1]}, which the keeper "
                    "does not know: add the listing to keeper/parameters.py"
                )
        return keys


def listed_by(header: int) -> Iterator[Key]:
    """Return what a header lists; USDC's balance never is."""
    fields = packing.unpack(header, HEADER)
    for asset in packing.unpack_list(fields["assets"]):
        yield "balances", asset
    for market in packing.unpack_list(fields["markets"]):
        yield "positions", market
        yield "snapshots", market
    for code in range(ORDER_BITS):
        if fields["orders"] >> code & 1:
            yield "orders", code
