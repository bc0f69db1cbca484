"""
Layer 2 of margin's decisions: how old a price is, how healthy an account, what a sale
of collateral pays.

A health is the words of the contract's struct, in order, and a quote too.
"""

from specs import conversion, margin, money_market, packing
from specs.margin import Health, Quote
from specs.packing import get_field
from tests.proofs.equalities.pools import AMOUNTS, INDICES, unpack_balance
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.reference import within

NOW = {"now": (TIME,)}
PRICES = 2**100
WORTH = 2**127


def is_health(*words: int) -> bool:
    """Tell whether the amounts are within those that pools can hold."""
    return within(*((word, -WORTH, WORTH) for word in words[:8]))


def is_quote(slow: int, fast: int, time: int, now: int = 0) -> bool:
    """Tell whether the prices can be stored."""
    return within((slow, 0, PRICES), (fast, 0, PRICES))


def check_initial_margin(*words: int) -> tuple[()]:
    """Refuse as the specification does."""
    margin.require_initial_margin(Health(*words))
    return ()


def check_conservative_margin(*words: int) -> tuple[()]:
    """Refuse as the specification does."""
    margin.require_conservative_margin(Health(*words))
    return ()


def note(*words: int) -> tuple[int, ...]:
    """Return a health that knows how good a price is."""
    *health, slow, fast, time, now = words
    quote = Quote(slow, fast, time)
    *amounts, priced_at, is_stale, is_diverging = health
    if margin.is_stale(quote, now):
        return (*amounts, priced_at, True, is_diverging)
    diverges = is_diverging or margin.is_diverging(quote)
    return (*amounts, max(priced_at, time), is_stale, diverges)


HEALTH = (
    same(
        "margin._is_liquidatable",
        lambda *words: margin.is_liquidatable(Health(*words)),
        (
            "health.equity < health.maintenance_margin\n",
            "health.equity <= health.maintenance_margin\n",
        ),
    ),
    same(
        "margin._is_due",
        lambda *words: margin.is_due(Health(*words)),
        ("health.equity + health.stale_loss", "health.equity"),
        fits=is_health,
    ),
    same(
        "margin._is_due_now",
        lambda *words: margin.is_due_now(Health(*words)),
        (
            "self._is_liquidatable(health) and self._is_due",
            "self._is_liquidatable(health) or self._is_due",
        ),
        fits=is_health,
    ),
    same(
        "margin._is_improved",
        lambda *words: margin.is_improved(Health(*words[:11]), Health(*words[11:])),
        (
            ">= before.equity * after.maintenance_margin",
            "> before.equity * after.maintenance_margin",
        ),
        ("after.exposure < before.exposure", "after.exposure <= before.exposure"),
        fits=lambda *words: is_health(*words) and is_health(*words[11:]),
    ),
    same(
        "margin._check_initial_margin",
        check_initial_margin,
        (
            "health.exposure == 0 and health.initial_margin == 0 and not",
            "health.exposure == 0 and not",
        ),
        ("    assert not health.is_diverging, errors.PRICES_DIVERGE\n", ""),
    ),
    same(
        "margin._check_conservative_margin",
        check_conservative_margin,
        ("    found.is_diverging = False\n", ""),
    ),
    same(
        "conversion._is_no_worse",
        lambda *words: conversion.is_no_worse(Health(*words[:11]), Health(*words[11:])),
        (
            "after.exposure == before.exposure and",
            "after.exposure >= before.exposure and",
        ),
        fits=lambda *words: is_health(*words) and is_health(*words[11:]),
    ),
)

QUOTES = (
    same(
        "margin._is_stale",
        lambda slow, fast, time, now: margin.is_stale(Quote(slow, fast, time), now),
        (
            "block.timestamp - quote.time > MAX_PRICE_AGE",
            "block.timestamp - quote.time >= MAX_PRICE_AGE",
        ),
        fits=lambda slow, fast, time, now: time <= now,
        reads=NOW,
    ),
    same(
        "margin._is_restricted",
        lambda slow, fast, time, now: margin.is_restricted(
            Quote(slow, fast, time), now
        ),
        (
            "block.timestamp - quote.time > REDUCE_ONLY_AGE",
            "block.timestamp - quote.time > MAX_PRICE_AGE",
        ),
        fits=lambda slow, fast, time, now: time <= now,
        reads=NOW,
    ),
    same(
        "margin._is_diverging",
        lambda slow, fast, time: margin.is_diverging(Quote(slow, fast, time)),
        ("return 100 * apart > 2 * quote.slow", "return 100 * apart >= 2 * quote.slow"),
        fits=is_quote,
    ),
    same(
        "margin._note",
        note,
        (
            "        health.is_stale = True\n    else:\n",
            "        health.is_stale = False\n    else:\n",
        ),
        fits=lambda *words: is_quote(*words[11:]) and words[13] <= words[14],
        reads=NOW,
    ),
)

# Conversion


def compute_limit(header: int, equity: int) -> int:
    """Do as the specification with the settings in a header."""
    may_not = get_field(header, packing.HEADER["is_not_borrowing"])
    return conversion.compute_limit(may_not == 0, equity)


def compute_net_debt(word: int, borrow_index: int) -> int:
    """Return what a balance owes, less what it has idle."""
    balance = unpack_balance(word)
    owed = money_market.compute_debt(balance, borrow_index)
    return max(0, owed - balance.idle)


def compute_cap_excess(curve: int, borrowed: int, is_discounted: int) -> int:
    """Return what has been lent above the cap in a curve's word."""
    cap = get_field(curve, packing.CURVE["borrow_cap"])
    return 0 if cap == 0 or is_discounted else max(0, borrowed - cap)


CONVERSION = (
    same(
        "conversion._compute_limit",
        compute_limit,
        (
            "max(LEAST_LIMIT, EQUITY_MULTIPLE * equity)",
            "min(LEAST_LIMIT, EQUITY_MULTIPLE * equity)",
        ),
        fits=lambda header, equity: within((equity, -WORTH, WORTH)),
    ),
    same(
        "conversion._compute_net_debt",
        compute_net_debt,
        ("return owed - min(owed, money_market._idle(word))", "return owed"),
        fits=lambda word, borrow_index: within((borrow_index, 0, INDICES)),
    ),
    same(
        "conversion._compute_cap_excess",
        compute_cap_excess,
        ("if cap == 0 or is_discounted:", "if is_discounted:"),
    ),
    same(
        "conversion._compute_excess",
        conversion.compute_excess,
        ("min(debt, cap_excess))", "cap_excess)"),
    ),
    same(
        "conversion._compute_reference",
        lambda slow, fast, time: conversion.compute_reference(Quote(slow, fast, time)),
        ("return max(quote.slow, quote.fast)", "return min(quote.slow, quote.fast)"),
    ),
    same(
        "conversion._compute_least_price",
        conversion.compute_least_price,
        (
            "fp._mul_div_up(reference, LEAST_PRICE",
            "fp._mul_div_down(reference, LEAST_PRICE",
        ),
        fits=lambda reference: within((reference, 0, PRICES)),
    ),
    same(
        "conversion._compute_most",
        conversion.compute_most,
        (
            "fp._mul_div_up(excess, fp.WAD, price)",
            "fp._mul_div_down(excess, fp.WAD, price)",
        ),
        fits=lambda excess, price: within((excess, 0, AMOUNTS), (price, 1, PRICES)),
    ),
    same(
        "conversion._compute_bound",
        conversion.compute_bound,
        ("reference * LEAST_YIELD) + 1", "reference * LEAST_YIELD)"),
        fits=lambda excess, reference: within(
            (excess, 0, AMOUNTS), (reference, 1, PRICES)
        ),
    ),
)

PROOFS = (*HEALTH, *QUOTES, *CONVERSION)
