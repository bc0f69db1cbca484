"""Events, one entry after the other, into what the contracts remember."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from keeper.chain.interface import Event
from keeper.history import (
    epochs,
    markets,
    orders,
    parameters,
    slices,
    takeovers,
    users,
)
from keeper.history.books import (
    GENESIS,
    Books,
    Entry,
    Inconsistent,
    group,
    require,
)
from keeper.history.touches import settle_nothing
from specs import liquidator
from specs.clearinghouse import State
from specs.errors import Revert

TOUCHING: Final[Mapping[str, Callable[[State, Entry], State]]] = {
    "PerpFill": markets.fill_perp,
    "OrderFill": orders.fill,
    "BatchRealised": markets.realise_batch,
    "TakeoverOpened": takeovers.open_takeover,
    "PositionTaken": takeovers.take_position,
    "SliceOpened": slices.open_slice,
    "SliceFill": slices.fill_perp,
    "Deleveraged": epochs.deleverage,
    "DeleverageApplied": epochs.apply,
}
"""What settles positions, and checks the details that were told before."""

CLEARING: Final[Mapping[str, Callable[[State, Entry], State]]] = {
    **dict.fromkeys(users.KINDS, users.move),
    "BatchOpened": users.batch,
    "Transfer": users.transfer,
    "OperatorSet": users.set_operator,
    "Bound": users.bind,
    "NoticeGiven": users.give_notice,
    "SettingsSet": users.set_settings,
    "SpotFill": markets.fill_spot,
    "OrdersReserved": orders.reserve,
    "OrdersReleased": orders.release,
    "Converted": markets.convert,
    "Accrued": markets.accrue,
    "PriceTaken": markets.take_price,
    "MarkTaken": markets.take_mark,
    "CursorMoved": markets.move_cursor,
    "EpochPassed": epochs.pass_by,
    "Flagged": slices.flag,
    "SliceClosed": slices.close_slice,
    "DebtTaken": takeovers.take_debt,
    "CollateralTaken": takeovers.take_collateral,
    "DebtLeft": takeovers.leave_debt,
    "IdleUsed": takeovers.spend_idle,
    "BadDebt": takeovers.write_off,
    "ChangeQueued": parameters.queue,
    "ChangeCancelled": parameters.cancel,
    "GovernorSet": parameters.set_governor,
    "GuardianSet": parameters.set_guardian,
    "DelaySet": parameters.set_delay,
    "VenueSet": parameters.set_venue,
    "AssetListed": parameters.list_asset,
    "CurveSet": parameters.set_curve,
    "AssetRiskSet": parameters.set_asset_risk,
    "CapsSet": parameters.set_caps,
    "GuardsSet": parameters.set_guards,
    "WeightRamped": parameters.ramp_weight,
    "AssetPaused": parameters.pause_asset,
    "PoolResumed": parameters.resume,
    "ReserveWithdrawn": parameters.withdraw_reserve,
    "MarketListed": parameters.list_market,
    "MarketRiskSet": parameters.set_market_risk,
    "FundCapSet": parameters.set_fund_cap,
    "LimitsSet": parameters.set_limits,
    "CullSet": parameters.set_cull,
    "MarketPaused": parameters.pause_market,
}
"""What else changes what is behind the Clearinghouse's address."""

PLEDGED: Final[Mapping[str, Callable[[liquidator.State, Entry], liquidator.State]]] = {
    "Pledge": takeovers.pledge,
    "Unpledge": takeovers.unpledge,
    "Takeover": takeovers.use_capacity,
    "Slice": slices.note,
}
"""What changes what the Liquidator remembers."""

SUMMARIES: Final = frozenset({"PassOver", "Liquidation"})
"""Events that change nothing which others do not tell."""


def replay(events: Iterable[Event], genesis: Books = GENESIS) -> Books:
    """
    Return what the Clearinghouse and the Liquidator remember after all their events.

    Raise `Inconsistent` if the events cannot be all that happened.
    """
    books = genesis
    for entry in group(events):
        books = enter(books, entry)
    return books


def enter(books: Books, entry: Entry) -> Books:
    """Return the books after an entry; raise `Inconsistent` if it cannot be."""
    try:
        return take(books, entry)
    except (Revert, LookupError) as cause:
        raise Inconsistent(f"{entry.event}: {cause!r}") from cause


def take(books: Books, entry: Entry) -> Books:
    """Return the books after an entry."""
    name, now = entry.event.name, entry.now
    is_clearing = name in CLEARING or name in TOUCHING
    told_at = books.clearing_at if is_clearing else books.liquidator_at
    require(now >= told_at, entry.event, "it was told too late")
    if name in TOUCHING:
        clearing = TOUCHING[name](books.clearing, entry)
        return replace(books, clearing=clearing, clearing_at=now)

    settle_nothing(entry)
    if is_clearing:
        clearing = CLEARING[name](books.clearing, entry)
        return replace(books, clearing=clearing, clearing_at=now)
    if name in SUMMARIES:
        return books
    providers = PLEDGED[name](books.liquidator, entry)
    return replace(books, liquidator=providers, liquidator_at=now)
