"""
World.

Everything that the invariants speak about at one moment: the clearinghouse, the
liquidator, what the oracle says, the time and the tokens that the vault really has.
An action is a call with its caller; ``take`` applies it.

``dust``, ``crumbs`` and ``answer`` are ghosts: no contract stores them. The first two
count what rounding may have left so far: with each market's liquidity fund, in the
totals of the USDC pool. The last is what a liquidation told who asked for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from specs import accounts as acc
from specs import (
    backstop,
    governance,
    guardian,
    liquidator,
    order_book,
    perpetual,
    slice_code,
)
from specs import clearinghouse as ch
from specs.accounts import AccountId, Address
from specs.bands import Band, compute_band
from specs.clearinghouse import AssetPrice, MarkPrice
from specs.deleveraging import Epoch
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_down
from specs.instruments import SPOT, is_spot
from specs.liquidator import Outcome, Sliced
from specs.margin import quantise

BAND: Final = 50_000
"""How far from an asset's slow price and a market's mark fills may be, ppm."""

NO_BOOK: Final = order_book.State(Address(0), Address(0))
"""A book on which nothing is listed."""


@dataclass(frozen=True, eq=False)
class World:
    """The protocol and its surroundings at one moment; equal only to itself."""

    clearing: ch.State
    liquidator: liquidator.State
    now: Seconds
    asset_prices: Mapping[int, AssetPrice] = field(default_factory=dict)
    mark_prices: Mapping[int, MarkPrice] = field(default_factory=dict)
    tokens: Mapping[int, int] = field(default_factory=dict)
    """What the vault has of each token, in token units."""
    dust: Mapping[int, int] = field(default_factory=dict)
    """The most that rounding has left with each market's fund, WAD USDC."""
    crumbs: int = 0
    """
    The most scaled units by which the USDC pool's totals are off what all accounts have
    together, with their pending interest, to the pool's good.
    """
    book: order_book.State = NO_BOOK
    bands: Mapping[int, Band] = field(default_factory=dict)
    """The prices at which each instrument may be filled."""
    answer: Sliced | Outcome | None = None
    """What the last action told, if it was a slice or a liquidation."""


@dataclass(frozen=True)
class Action:
    """A call: the name of a transition, who calls, and with what."""

    name: str
    caller: Address
    arguments: tuple[Any, ...] = ()


TRANSITIONS: Final[Mapping[str, Callable[..., ch.State]]] = {
    transition.__name__: transition
    for transition in (
        ch.set_operator,
        ch.bind,
        ch.give_notice,
        ch.set_settings,
        ch.deposit,
        ch.withdraw,
        ch.borrow,
        ch.repay,
        ch.transfer,
        ch.lend,
        ch.unlend,
        ch.batch,
        ch.fill_spot,
        ch.convert,
        ch.fill_perp,
        ch.realise,
        slice_code.flag,
        governance.queue,
        governance.cancel_change,
        governance.list_asset,
        governance.list_market,
        governance.ramp_weight,
        governance.set_asset_risk,
        governance.set_caps,
        governance.set_cull,
        governance.set_curve,
        governance.set_delay,
        governance.set_fund_cap,
        governance.set_governor,
        governance.set_guardian,
        governance.set_guards,
        governance.set_limits,
        governance.set_market_risk,
        governance.set_venue,
        governance.withdraw_reserve,
        guardian.pause_asset,
        guardian.pause_market,
        guardian.resume,
        guardian.unpause_asset,
        guardian.unpause_market,
    )
}
"""What can be done to the clearinghouse alone."""

GOVERNANCE: Final = frozenset(
    name
    for name, change in TRANSITIONS.items()
    if change.__module__ in ("specs.governance", "specs.guardian")
)
"""What changes parameters, or announces a change."""


def take(world: World, action: Action) -> World:
    """Return ``world`` after ``action``; raise its refusal."""
    after = SURROUNDINGS.get(action.name, take_clearing)(world, action)
    if after.clearing.assets is not world.clearing.assets:
        after = replace(after, tokens=count_tokens(world, after))
    return with_ghosts(world, after, action)


def count_tokens(before: World, after: World) -> Mapping[int, int]:
    """Return what the vault has after what came and went through the protocol."""
    return {
        asset: after.tokens.get(asset, 0) + listed.custody - get_custody(before, asset)
        for asset, listed in after.clearing.assets.items()
    }


def get_custody(world: World, asset: int) -> int:
    """Return the tokens of an asset that came through the protocol's calls."""
    listed = world.clearing.assets.get(asset)
    return listed.custody if listed else 0


def take_clearing(world: World, action: Action) -> World:
    """Return ``world`` after a transition of the clearinghouse."""
    transition = TRANSITIONS[action.name]
    clearing = transition(world.clearing, world.now, action.caller, *action.arguments)
    return replace(world, clearing=clearing)


def take_tick(world: World, action: Action) -> World:
    """Return ``world`` after the clearinghouse took the oracle's prices over."""
    prices = world.asset_prices, world.mark_prices
    tick: Callable[..., ch.State] = ch.tick
    clearing = tick(
        world.clearing, world.now, action.caller, *action.arguments, *prices
    )
    return replace(world, clearing=clearing)


def take_pledge(world: World, action: Action) -> World:
    """Return ``world`` after a provider pledged, left, or was dropped."""
    changes: Mapping[str, Callable[..., liquidator.State]] = {
        "pledge": liquidator.pledge,
        "unpledge": liquidator.unpledge,
        "drop": liquidator.drop,
    }
    change = changes[action.name]
    state = change(
        world.clearing, world.liquidator, world.now, action.caller, *action.arguments
    )
    return replace(world, liquidator=state)


def take_liquidate(world: World, action: Action) -> World:
    """Return ``world`` after a liquidation."""
    clearing, state, outcome = liquidator.liquidate(
        world.clearing, world.liquidator, world.now, action.caller, *action.arguments
    )
    return replace(world, clearing=clearing, liquidator=state, answer=outcome)


def take_reduce(world: World, action: Action) -> World:
    """Return ``world`` after a slice of an account was closed on the book."""
    account, instrument, reward = action.arguments
    clearing, book, state, sliced = liquidator.reduce(
        world.clearing,
        world.book,
        world.liquidator,
        world.now,
        action.caller,
        account,
        instrument,
        reward,
        world.bands.get(instrument, (Wad(0), Wad(0))),
    )
    return replace(world, clearing=clearing, book=book, liquidator=state, answer=sliced)


def take_wait(world: World, action: Action) -> World:
    """Return ``world`` some seconds later."""
    (seconds,) = action.arguments
    return replace(world, now=Seconds(world.now + seconds))


def take_publish(world: World, action: Action) -> World:
    """
    Return ``world`` with new prices of an asset and of the markets that follow it.

    The arguments are the asset, its slow and fast price, the premium of the marks
    over the slow price, WAD, and the variance of the price's returns. Prices are cut to
    multiples of ``margin.PRICE_UNIT``.
    """
    asset, slow, fast, premium, variance = action.arguments
    price = AssetPrice(quantise(slow), quantise(fast), world.now, variance)
    mark = quantise(mul_div_down(price.slow, WAD + premium, WAD))
    marks = {
        market: MarkPrice(mark, premium, world.now)
        for market, listed in world.clearing.markets.items()
        if listed.underlying == asset
    }
    bands = {market: compute_band(told.mark, BAND) for market, told in marks.items()}
    bands[SPOT + asset] = compute_band(price.slow, BAND)
    return replace(
        world,
        asset_prices={**world.asset_prices, asset: price},
        mark_prices={**world.mark_prices, **marks},
        bands={**world.bands, **bands},
    )


def take_place(world: World, action: Action) -> World:
    """Return ``world`` after somebody placed an order."""
    placement, max_fills = action.arguments
    book, clearing, _ = order_book.place(
        world.book,
        world.clearing,
        world.now,
        action.caller,
        placement,
        max_fills,
        world.bands.get(placement.instrument, (Wad(0), Wad(0))),
    )
    return replace(world, book=book, clearing=clearing)


def take_convert_on_book(world: World, action: Action) -> World:
    """Return ``world`` after somebody sold an account's collateral on the book."""
    account, instrument, lots, max_fills = action.arguments
    book, clearing, _ = order_book.convert(
        world.book,
        world.clearing,
        world.now,
        action.caller,
        account,
        instrument,
        lots,
        max_fills,
        world.bands.get(instrument, (Wad(0), Wad(0))),
    )
    return replace(world, book=book, clearing=clearing)


def take_cancel(world: World, action: Action) -> World:
    """Return ``world`` after somebody cancelled orders."""
    changes: Mapping[str, Callable[..., tuple[order_book.State, ch.State]]] = {
        "cancel": order_book.cancel,
        "cancel_all": order_book.cancel_all,
    }
    change = changes[action.name]
    book, clearing = change(
        world.book, world.clearing, world.now, action.caller, *action.arguments
    )
    return replace(world, book=book, clearing=clearing)


def take_donate(world: World, action: Action) -> World:
    """Return ``world`` with tokens sent to the vault that nobody asked for."""
    asset, tokens = action.arguments
    had = world.tokens.get(asset, 0)
    return replace(world, tokens={**world.tokens, asset: had + tokens})


SURROUNDINGS: Final[Mapping[str, Callable[[World, Action], World]]] = {
    "tick": take_tick,
    "pledge": take_pledge,
    "unpledge": take_pledge,
    "drop": take_pledge,
    "liquidate": take_liquidate,
    "reduce": take_reduce,
    "wait": take_wait,
    "publish": take_publish,
    "donate": take_donate,
    "place": take_place,
    "convert_on_book": take_convert_on_book,
    "cancel": take_cancel,
    "cancel_all": take_cancel,
}
"""What involves more than the clearinghouse."""


def get_named(world: World, action: Action) -> frozenset[AccountId]:
    """
    Return the accounts that an action may touch: those that the call names, those whose
    orders it may meet, and for a liquidation the providers and the backstop fund.
    """
    arguments = action.arguments
    if action.name in GOVERNANCE:
        return frozenset()
    match action.name:
        case "transfer":
            return frozenset(arguments[:2])
        case "fill_spot" | "fill_perp" | "convert":
            return frozenset(arguments[1:3])
        case "realise":
            return frozenset(arguments[1])
        case "place":
            placement, _ = arguments
            others = get_others(world, placement.instrument, placement.is_buy)
            return frozenset((placement.account, *others))
        case "convert_on_book":
            account, instrument, *_ = arguments
            return frozenset((account, *get_others(world, instrument, False)))
        case "cancel":
            resting = world.book.orders
            return frozenset(
                resting[order].account for order in arguments[0] if order in resting
            )
        case "liquidate":
            providers = world.liquidator.providers
            return frozenset((arguments[0], acc.BACKSTOP_FUND, *providers))
        case "reduce":
            account, instrument, reward = arguments
            makers = (get_others(world, instrument, is_buy) for is_buy in (True, False))
            rewarded = {reward} - {AccountId(0)}
            return frozenset((account, acc.BACKSTOP_FUND)).union(rewarded, *makers)
        case "tick" | "wait" | "publish" | "donate" | "pledge" | "unpledge" | "drop":
            return frozenset()
        case _:
            return frozenset(arguments[:1])


def get_others(world: World, instrument: int, is_buy: bool) -> set[AccountId]:
    """Return the accounts whose resting orders one who buys or sells may meet."""
    if instrument not in world.book.books:
        return set()
    book = world.book.books[instrument]
    side = book.asks if is_buy else book.bids
    return {world.book.orders[order].account for order in side}


# Ghosts


def with_ghosts(before: World, after: World, action: Action) -> World:
    """Return ``after`` with what rounding may have left by ``action`` counted."""
    return replace(
        after,
        dust=count_dust(before, after, action),
        crumbs=count_crumbs(before, after, action),
        answer=after.answer if action.name in ("liquidate", "reduce") else None,
    )


def count_crumbs(before: World, after: World, action: Action) -> int:
    """
    Return ``crumbs`` after ``action``.

    An accrual rounds what all winners have earned and all losers owe once; so does bad
    debt; and a touch what one position has earned and owes. Nothing that is settled
    leaves anything to settle, so each position counts once, whatever epochs it meets.
    """
    old, new = (world.clearing.assets.get(acc.USDC) for world in (before, after))
    if old is None or new is None or old.pool is new.pool:
        return before.crumbs
    crumbs = before.crumbs
    crumbs += old.pool.accrued_at != new.pool.accrued_at
    crumbs += action.name == "liquidate"
    if action.name in ("fill_perp", "realise", "liquidate", "place", "reduce"):
        crumbs += sum(
            position.entry is not None
            for name in get_named(before, action)
            for position in ch.get_account(before.clearing, name).positions.values()
        )
    return crumbs


def count_dust(before: World, after: World, action: Action) -> Mapping[int, int]:
    """
    Return ``dust`` after ``action``.

    A fill rounds two costs up and so leaves at most one unit; a takeover's fill two,
    since the part of the discount rounds down as well. What a market's fund could not
    pay the backstop fund of its part stays with the market's fund. What an epoch closes
    leaves nothing, since the inventory has the other side of it to the wei.
    """
    match action.name:
        case "fill_perp":
            return add_dust(before.dust, action.arguments[0], 1)
        case "place" | "reduce":
            if action.name == "place":
                instrument = action.arguments[0].instrument
            else:
                instrument = action.arguments[1]
            if is_spot(instrument):
                return before.dust
            # Each maker's cost rounds up, and the taker's at each of the prices.
            return add_dust(before.dust, instrument, 2 * count_met(before, after))
        case "liquidate":
            return count_dust_of_takeover(before, after, action.arguments[0])
        case _:
            return before.dust


def count_dust_of_takeover(
    before: World, after: World, account: AccountId
) -> Mapping[int, int]:
    """Return ``dust`` after a liquidation of an account."""
    assert isinstance(after.answer, Outcome)
    dust, fills = before.dust, liquidator.ROUNDS * len(after.answer.taken)
    shares = get_discount_shares(before, after, account, after.answer.terms.discount)
    unpaid = max(0, sum(shares.values()) - get_fund_gain(before, after))
    for market, share in shares.items():
        dust = add_dust(dust, market, 2 * fills + min(unpaid, share))
    return dust


def count_met(before: World, after: World) -> int:
    """Return how many resting orders were filled or cancelled."""
    resting = after.book.orders
    return sum(
        order not in resting or resting[order].lots != met.lots
        for order, met in before.book.orders.items()
    )


def add_dust(dust: Mapping[int, int], market: int, more: int) -> Mapping[int, int]:
    """Return ``dust`` with ``more`` in one market."""
    return {**dust, market: dust.get(market, 0) + more}


def get_fund_gain(before: World, after: World) -> int:
    """Return how much USDC the backstop fund holds more, at least 0."""
    old = ch.accrue(before.clearing, acc.USDC, after.now)
    held = ch.get_held(after.clearing, acc.BACKSTOP_FUND, acc.USDC)
    return max(0, held - ch.get_held(old, acc.BACKSTOP_FUND, acc.USDC))


def get_discount_shares(
    before: World, after: World, account: AccountId, discount: Wad
) -> Mapping[int, Wad]:
    """Return the most that the backstop fund's part of a takeover is, by market."""
    shares = {}
    for market, held in ch.get_account(before.clearing, account).positions.items():
        listed = before.clearing.markets[market]
        mark, is_long = listed.quote.slow, held.lots > 0
        given = backstop.compute_account_price(mark, discount, is_long)
        taken = backstop.compute_provider_price(mark, discount, is_long)
        size = get_size_taken(before, after, account, market)
        shares[market] = Wad(mul_div_down(size * listed.lot, abs(taken - given), WAD))
    return shares


def get_size_taken(
    before: World, after: World, account: AccountId, market: int
) -> Lots:
    """Return the most lots that providers took over of an account in a market."""
    old, new = get_lots(before, account, market), get_lots(after, account, market)
    closed = sum(epoch.lots for epoch in get_new_epochs(before, after, market))
    return Lots(abs(old) - abs(new) - closed)


def get_new_epochs(before: World, after: World, market: int) -> tuple[Epoch, ...]:
    """Return the events of auto-deleveraging that an action made in a market."""
    if market not in before.clearing.markets:
        return ()
    old = before.clearing.markets[market].epochs
    return after.clearing.markets[market].epochs[len(old) :]


def get_lots(world: World, account: AccountId, market: int) -> Lots:
    """Return an account's size in a market, as it is stored."""
    positions = ch.get_account(world.clearing, account).positions
    return positions.get(market, perpetual.FLAT).lots
