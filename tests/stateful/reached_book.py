"""What seeded walks on the book have to meet: outcomes of calls, and of orders."""

from collections import Counter
from contextlib import contextmanager

from specs import accounts as acc
from specs import backstop, forced_code, margin, order_book, order_code
from specs import clearinghouse as ch
from specs.instruments import get_asset, is_spot
from specs.order_book import NO_ORDER
from tests.stateful.reached import met as met_epochs

BY_NAME = {
    "cancel": ["not authorised", "taken"],
    "cancel_all": ["not authorised", "taken"],
    "convert_on_book": [
        "amount too large",
        "insufficient balance",
        "not convertible",
        "not filled",
        "out of bounds",
        "stale price",
        "taken",
        "unknown instrument",
        "wrong collateral",
        "zero amount",
    ],
    "place": [
        "amount too large",
        "below initial margin",
        "not authorised",
        "not filled",
        "not on a tick",
        "nothing to reduce",
        "order expired",
        "out of bounds",
        "price out of band",
        "price out of range",
        "prices diverge",
        "size too small",
        "stale price",
        "taken",
        "unknown instrument",
        "would take",
        "zero amount",
    ],
    "reduce": [
        "no equity",
        "not authorised",
        "not liquidatable",
        "nothing due",
        "nothing to reduce",
        "price too fresh",
        "reserved account",
        "same owner",
        "stale price",
        "taken",
        "unknown asset",
        "unknown market",
        "wrong collateral",
    ],
    "liquidate": [
        "above backstop margin",
        "orders open",
        "taken",
    ],
}
REACHED = frozenset(f"{name}: {end}" for name, ends in BY_NAME.items() for end in ends)

SITUATIONS = frozenset(
    {
        "filled, nothing left",
        "filled, rests",
        "filled, not filled",
        "filled, price out of band",
        "filled, self trade",
        "filled, size too small",
        "filled, too many fills",
        "rests",
        "paused",
        "prices diverge",
        "self trade",
        "size too small",
        "too many fills",
        "a conversion has several rounds",
        "a conversion meets a bid of its owner",
        "a conversion stops: price out of band",
        "a maker is refused who would buy collateral",
        "a maker of a perpetual is refused",
        "a maker of a spot asset is refused",
        "a maker has less to reduce",
        "a perpetual stops: paused",
        "a perpetual stops: prices diverge",
        "a perpetual stops: reduce only",
        "a spot asset stops: borrow cap reached",
        "a spot asset stops: paused",
        "a spot asset stops: prices diverge",
        "a spot asset stops: utilisation too high",
        "an order has several rounds",
        "an expired order is cancelled",
    }
)
"""What may become of an order or a sale that was taken, and of those that it met."""


def get_health(before, after, action):
    return ch.assess(before.clearing, action.arguments[0], after.now)


def sliced(is_wanted):
    """Return whether a slice was closed as is wanted, for a situation."""
    return lambda b, a, action: (
        action.name == "reduce" and is_wanted(b, a, action, a.answer)
    )


def is_leg(b, action, is_spot_leg, is_buy):
    """Return whether a slice closed a leg of this kind."""
    account, instrument, _ = action.arguments
    held = ch.get_account(b.clearing, account)
    if not is_spot(instrument):
        lots = acc.get_position(held, instrument).lots
        return not is_spot_leg and lots * (-1) ** is_buy > 0
    owed = acc.get_balance(held, get_asset(instrument)).scaled < 0
    return is_spot_leg and owed == is_buy


STAGES = {
    "a slice is filled": sliced(lambda b, a, action, told: told.filled == told.asked),
    "a slice is filled in part": sliced(
        lambda b, a, action, told: 0 < told.filled < told.asked
    ),
    "a slice finds nobody": sliced(lambda b, a, action, told: told.filled == 0),
    "a slice closes a long": sliced(
        lambda b, a, action, told: told.filled and is_leg(b, action, False, False)
    ),
    "a slice closes a short": sliced(
        lambda b, a, action, told: told.filled and is_leg(b, action, False, True)
    ),
    "a slice buys a debt back": sliced(
        lambda b, a, action, told: told.filled and is_leg(b, action, True, True)
    ),
    "a slice sells collateral": sliced(
        lambda b, a, action, told: told.filled and is_leg(b, action, True, False)
    ),
    "who asked for a slice is paid": sliced(
        lambda b, a, action, told: told.fee > 1 and action.arguments[2] != 0
    ),
    "a slice comes after another": sliced(
        lambda b, a, action, told: (
            told.filled
            and ch.get_account(b.clearing, action.arguments[0]).distress.sliced_at > 0
        )
    ),
    "a slice goes on above maintenance margin": sliced(
        lambda b, a, action, told: (
            told.filled and not margin.is_liquidatable(get_health(b, a, action))
        )
    ),
    "a slice follows a flag at fresh prices": sliced(
        lambda b, a, action, told: get_health(b, a, action).priced_at == a.now
    ),
    "a slice cancels its account's orders": sliced(
        lambda b, a, action, told: (
            ch.get_account(b.clearing, action.arguments[0]).orders
        )
    ),
    "a slice ends a row of failures": sliced(
        lambda b, a, action, told: (
            (action.arguments[:2] in b.liquidator.paces)
            and b.liquidator.paces[action.arguments[:2]].failures > 0
            and a.liquidator.paces[action.arguments[:2]].failures == 0
        )
    ),
    "the book fails an account": sliced(
        lambda b, a, action, told: a.liquidator.failed_at != b.liquidator.failed_at
    ),
    "providers take over what the book has failed": lambda b, a, action: (
        action.name == "liquidate" and not backstop.is_open(get_health(b, a, action))
    ),
    "a maker meets an epoch": lambda b, a, action: (
        action.name in ("reduce", "place") and next(met_epochs(b, a), None) is not None
    ),
}
"""What slices of liquidations have to come to, of worlds and actions."""


@contextmanager
def noted():
    """Count the situations that the specification comes to."""
    met, rounds = Counter(), []
    slow_clear, slow_place = order_code.clear, order_book.place
    slow_clear_conversion, slow_convert = (
        forced_code.clear_conversion,
        order_book.convert,
    )

    def clear(*arguments):
        state, cleared = slow_clear(*arguments)
        rounds.append(cleared)
        note_cleared(met, arguments[3], arguments[6], cleared)
        return state, cleared

    def place(state, clearing, now, *arguments):
        rounds.clear()
        answer = slow_place(state, clearing, now, *arguments)
        if len(rounds) > 1:
            met["an order has several rounds"] += 1
        note_placed(met, answer[2])
        note_gone(met, state, answer[0], now)
        return answer

    def clear_conversion(*arguments):
        state, cleared = slow_clear_conversion(*arguments)
        rounds.append(cleared)
        return state, cleared

    def convert(state, clearing, now, caller, account, *arguments):
        rounds.clear()
        answer = slow_convert(state, clearing, now, caller, account, *arguments)
        note_converted(met, rounds)
        gone = state.orders.keys() - answer[0].orders.keys()
        if any(state.orders[o].account >> 96 == account >> 96 for o in gone):
            met["a conversion meets a bid of its owner"] += 1
        return answer

    order_code.clear, order_book.place = clear, place
    forced_code.clear_conversion, order_book.convert = clear_conversion, convert
    try:
        yield met
    finally:
        order_code.clear, order_book.place = slow_clear, slow_place
        forced_code.clear_conversion = slow_clear_conversion
        order_book.convert = slow_convert


def note_converted(met, rounds):
    """Note what became of the rounds of a sale of collateral."""
    if len(rounds) > 1:
        met["a conversion has several rounds"] += 1
    for cleared in rounds:
        if cleared.stop:
            met[f"a conversion stops: {cleared.stop.reason}"] += 1
        elif 0 in cleared.filled:
            met["a maker is refused who would buy collateral"] += 1


def note_cleared(met, instrument, makings, cleared):
    """Note what became of a round."""
    kind = "spot asset" if is_spot(instrument) else "perpetual"
    if cleared.stop:
        met[f"a {kind} stops: {cleared.stop.reason}"] += 1
    for making, size in zip(makings, cleared.filled, strict=True):
        if size == 0 and not cleared.stop:
            met[f"a maker of a {kind} is refused"] += 1
        if 0 < size < making.size:
            met["a maker has less to reduce"] += 1


def note_placed(met, placed):
    """Note what became of an order."""
    end = "rests" if placed.order != NO_ORDER else "nothing left"
    if placed.reason:
        end = placed.reason.reason
    met[f"filled, {end}" if placed.filled else end] += 1


def note_gone(met, before, after, now):
    """Note why resting orders have gone."""
    for order in before.orders.keys() - after.orders.keys():
        if 0 < before.orders[order].expiry < now:
            met["an expired order is cancelled"] += 1
