# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Matching
@license Apache-2.0
@notice Which resting orders a taker meets, in their priority, and what becomes of them
        once the Clearinghouse has said what it filled.
@dev Orders are met best price first, oldest first at a price, in rounds. What is gone
     for another reason than a fill has to be released afterwards: a list says of whom
     and how much.
@custom:spec specs/matching.py
"""

from ..interfaces import IClearinghouse
from ..interfaces import IOrderBook
from . import errors
from . import limit_bands
from . import listings
from . import order_queue
from . import order_slots
from . import price_levels

uses: order_queue
uses: order_slots
uses: price_levels

# Orders that are cleared together.
ROUND: constant(uint256) = 16

# Why an order goes that neither its owner nor a rule of the book has cancelled: its
# maker can't afford it any more.
REFUSED: constant(String[32]) = "refused"


# Who takes, and what may be met: up to the limit in ticks, and in a band in WAD USDC.
struct Taker:
    account: uint256
    code: uint256
    is_buy: bool
    is_newest_cancelled: bool
    # Of a conversion or a liquidation, that the account did not ask for.
    is_forced: bool
    number: uint256
    low: uint256
    high: uint256
    tick: uint256
    # What a lot is to the Clearinghouse.
    scale: uint256
    min_lots: uint256


# Orders by reference that are to be filled, and how much of each; what is left of the
# visits, and why there are not more, if there is a reason.
struct Round:
    orders: DynArray[uint256, ROUND]
    makings: DynArray[IClearinghouse.Making, ROUND]
    visits: uint256
    stop: String[32]


# What is gone of whom, as the Clearinghouse has it.
struct Release:
    account: uint256
    size: uint256


@internal
@view
def _crosses(code: uint256, is_buy: bool, number: uint256) -> bool:
    """
    @notice Return whether the best order on the other side is within a limit.
    """
    best: uint256 = price_levels._best(code, not is_buy)
    return best != 0 and self._meets(is_buy, number, best)


@internal
@view
def _open(
    placement: IOrderBook.Placement,
    code: uint256,
    listing: uint256,
    number: uint256,
    low: uint256,
    high: uint256,
    is_forced: bool,
) -> Taker:
    """
    @notice Return a taker who may be filled in a band, near the best price.
    """
    tick: uint256 = listings._tick(listing)
    near_low: uint256 = 0
    near_high: uint256 = 0
    near_low, near_high = limit_bands._narrow(
        low, high, price_levels._best(code, not placement.is_buy), tick
    )
    return Taker(
        account=placement.account,
        code=code,
        is_buy=placement.is_buy,
        is_newest_cancelled=placement.self_trade == listings.CANCEL_NEWEST,
        is_forced=is_forced,
        number=number,
        low=near_low,
        high=near_high,
        tick=tick,
        scale=listings._scale(code, listing),
        min_lots=listings._min_lots(listing),
    )


@internal
def _gather(
    taker: Taker, lots: uint256, visits: uint256
) -> (Round, DynArray[Release, listings.MAX_VISITS]):
    """
    @notice Return the resting orders that fill so many lots, and what had to be
            cancelled on the way.
    """
    met: Round = empty(Round)
    met.visits = visits
    gone: DynArray[Release, listings.MAX_VISITS] = []
    left: uint256 = lots
    number: uint256 = price_levels._best(taker.code, not taker.is_buy)
    level: uint256 = price_levels._read(taker.code, number)
    order: uint256 = price_levels._head(level)
    # The last time round is for the reason why it ends.
    for _: uint256 in range(listings.MAX_VISITS + 1):
        if left == 0 or len(met.orders) == ROUND or number == 0:
            break
        if not self._meets(taker.is_buy, taker.number, number):
            break
        if met.visits == 0:
            met.stop = errors.TOO_MANY_FILLS
            break
        price: uint256 = number * taker.tick
        if price < taker.low or price > taker.high:
            met.stop = errors.PRICE_OUT_OF_BAND
            break
        met.visits -= 1

        word: uint256 = order_slots.words[order]
        account: uint256 = order_slots._account(order)
        # Whoever goes on the way leaves the others as they are queued.
        is_last: bool = price_levels._tail(level) == order
        is_own: bool = account >> 96 == taker.account >> 96
        if order_slots._has_expired(word, block.timestamp):
            gone.append(self._cancel(taker, order, word, errors.ORDER_EXPIRED))
        elif is_own and taker.is_newest_cancelled:
            met.stop = errors.SELF_TRADE
            break
        elif is_own:
            gone.append(self._cancel(taker, order, word, errors.SELF_TRADE))
        else:
            asked: uint256 = min(left, order_slots._lots(word))
            left -= asked
            met.orders.append(order)
            met.makings.append(
                IClearinghouse.Making(
                    account=account,
                    size=asked * taker.scale,
                    price=price,
                    is_reduce_only=order_slots._is_reduce_only(word),
                )
            )
        if is_last:
            number = price_levels._next(taker.code, number, taker.is_buy)
            level = price_levels._read(taker.code, number)
            order = price_levels._head(level)
        else:
            order = order_slots._next(word)
    return met, gone


@internal
def _settle(
    taker: Taker,
    met: Round,
    sizes: DynArray[uint256, ROUND],
    is_stopped: bool,
) -> (uint256, DynArray[Release, ROUND]):
    """
    @notice Take note of what was filled, and return how many lots that is and what is
            gone besides. Whoever was refused is cancelled; so is what is left of an
            order that was to reduce and has nothing more to, and what is too small to
            rest. After a stop, the last ones that were not filled stay as they are.
    @dev Orders go in the order in which they are queued, so that each is the first at
         its price when it goes.
    @param sizes Lots, or WAD of a spot asset: a part of a lot counts as one, so that
           the taker gets no more than asked for.
    """
    tried: uint256 = len(sizes)
    if is_stopped:
        for _: uint256 in range(ROUND):
            if tried == 0 or sizes[tried - 1] != 0:
                break
            tried -= 1

    gone: DynArray[Release, ROUND] = []
    total: uint256 = 0
    last: uint256 = 0
    number: uint256 = 0
    level: uint256 = 0
    for i: uint256 in range(tried, bound=ROUND):
        order: uint256 = met.orders[i]
        word: uint256 = order_slots.words[order]
        if order_slots._number(word) != number:
            if number != 0:
                price_levels._write(taker.code, not taker.is_buy, number, level)
            number = order_slots._number(word)
            level = price_levels._read(taker.code, number)
        lots: uint256 = order_slots._lots(word)
        filled: uint256 = listings._to_lots_up(sizes[i], taker.scale)
        left: uint256 = lots - filled
        if filled != 0:
            total += filled
            last = number
            log IOrderBook.OrderFilled(
                order=order_slots._id(order, word),
                taker=taker.account,
                lots=filled,
                price=met.makings[i].price,
                remaining=left,
                timestamp=block.timestamp,
            )
        is_trimmed: bool = sizes[i] < met.makings[i].size
        if is_trimmed or left < taker.min_lots:
            level = price_levels._less(level, lots, order_slots._is_firm(word))
            level = price_levels._with_head(level, order_slots._next(word))
            account: uint256 = order_slots._vacate(order, word)
            rest: uint256 = lots * taker.scale - sizes[i]
            if rest != 0:
                gone.append(Release(account=account, size=rest))
            if left != 0:
                reason: String[32] = errors.SIZE_TOO_SMALL
                if is_trimmed:
                    reason = REFUSED
                    if met.makings[i].is_reduce_only:
                        reason = errors.NOTHING_TO_REDUCE
                self._log_cancelled(order, word, left, reason)
        else:
            level = price_levels._less(level, filled, order_slots._is_firm(word))
            order_slots._set_lots(order, word, left)
    if number != 0:
        price_levels._write(taker.code, not taker.is_buy, number, level)
    if last != 0:
        price_levels._note_fills(
            taker.code, last, 0 if taker.is_forced else total, block.timestamp
        )
    return total, gone


@internal
def _cancel(taker: Taker, order: uint256, word: uint256, reason: String[32]) -> Release:
    """
    @notice Take an order off the book that was met, and return what is to be released.
    """
    lots: uint256 = order_slots._lots(word)
    account: uint256 = order_queue._remove(order, word)
    self._log_cancelled(order, word, lots, reason)
    return Release(account=account, size=lots * taker.scale)


@internal
def _log_cancelled(order: uint256, word: uint256, lots: uint256, reason: String[32]):
    """
    @notice Say that so many lots of an order are gone.
    """
    log IOrderBook.OrderCancelled(
        order=order_slots._id(order, word),
        lots=lots,
        reason=reason,
        timestamp=block.timestamp,
    )


@internal
@pure
def _meets(is_buy: bool, number: uint256, other: uint256) -> bool:
    """
    @notice Return whether a resting order's price is within a limit.
    """
    if is_buy:
        return other <= number
    return other >= number
