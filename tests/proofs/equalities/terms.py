"""Layer 2 of parameters and of words: what may be set, and how it is packed."""

from typing import Any

from specs import accounts, bounds, errors, packing, price_levels
from specs.book_state import Volume
from specs.fixed_point import WAD
from specs.guards import Guards
from specs.interest_rate import Curve
from specs.packing import Field, Word, get_field
from specs.requirements import Haircut, Requirement
from specs.state import Cull, Fees, Limits
from tests.proofs.equalities.grid import LOW_BIT, TOP_BIT, low_bit, top_bit
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within

RATE = 10**9
SHARE = 10**12


def put(layout: Word, **values: Any) -> Any:
    """Return a word with these fields, which fit, in their own units."""
    return sum(v // layout[n].unit * 2 ** layout[n].offset for n, v in values.items())


# Bounds


def pack_curve(
    base: int, slope_low: int, slope_high: int, optimal: int, reserve_share: int
) -> int:
    """Return a curve's part of its word."""
    rates = {"base": base, "slope_low": slope_low, "slope_high": slope_high}
    curve = {name: rate * RATE for name, rate in rates.items()}
    curve |= {"optimal": optimal * SHARE, "reserve_share": reserve_share * SHARE}
    bounds.require_curve(Curve(**curve))
    return put(packing.CURVE, **curve)


def pack_caps(supply_cap: int, borrow_cap: int) -> int:
    """Return the caps' part of a curve's word."""
    for cap in (supply_cap, borrow_cap):
        bounds.require_multiple(cap, WAD, bounds.MAX_CAP)
    return put(packing.CURVE, supply_cap=supply_cap, borrow_cap=borrow_cap)


def pack_haircut(weight: int, factor: int) -> int:
    """Return the haircut's part of a quote word."""
    bounds.require_haircut(Haircut(weight, factor))
    return put(packing.QUOTE, weight=weight, factor=factor)


def pack_risk(*words: int) -> int:
    """Return margin and fees of a risk word."""
    requirement, fees = Requirement(*words[:4]), Fees(*words[4:])
    bounds.require_requirement(requirement)
    bounds.require_fees(fees)
    return put(packing.RISK, **vars(requirement), **vars(fees))


def pack_guards(
    max_utilisation: int,
    threshold: int,
    throttle_share: int,
    outflow_share: int,
    outflow_floor: int,
) -> int:
    """Return the parameters' part of a word of guards."""
    terms = {
        "max_utilisation": max_utilisation,
        "threshold": threshold,
        "throttle_share": throttle_share,
        "outflow_share": outflow_share,
        "outflow_floor": outflow_floor,
    }
    bounds.require_guards(Guards(0, 0, 0, 0, *terms.values()))
    return put(packing.GUARDS, **terms)


def pack_market(underlying: int, lot_exponent: int, interval: int) -> int:
    """Return what a market's risk word holds besides margin and fees."""
    bounds.require_market(lot_exponent, interval)
    terms = {"lot_exponent": lot_exponent, "interval": interval, "is_listed": 1}
    return put(packing.RISK, underlying=underlying, **terms)


def pack_limits(*words: int) -> int:
    """Return the word of a market's limits."""
    limits = Limits(*words)
    bounds.require_limits(limits)
    return put(packing.LIMITS, **vars(limits))


def pack_cull(*words: int) -> int:
    """Return the word of a market's forced realisation."""
    cull = Cull(*words)
    bounds.require_cull(cull)
    return put(packing.CULL, **vars(cull))


def to_units(amount: int, unit: int, highest: int) -> int:
    """Return an amount in units."""
    bounds.require_multiple(amount, unit, highest)
    return amount // unit


BOUNDS = (
    same(
        "bounds._pack_curve",
        pack_curve,
        ("curve.optimal < fp.PPM", "curve.optimal <= fp.PPM"),
    ),
    same("bounds._pack_caps", pack_caps, ("MAX_CAP) << 216", "MAX_CAP) << 215")),
    same("bounds._pack_haircut", pack_haircut, ("weight <= fp.PPM", "weight < fp.PPM")),
    same("bounds._pack_risk", pack_risk, ("fees.taker) <= MAX", "fees.taker) < MAX")),
    same(
        "bounds._pack_guards",
        pack_guards,
        ("threshold <= max_utilisation", "threshold < max_utilisation"),
    ),
    same(
        "bounds._pack_market",
        pack_market,
        ("lot_exponent <= MAX_LOT_EXPONENT", "lot_exponent < MAX_LOT_EXPONENT"),
        given={"underlying": (0, 31)},
    ),
    same(
        "bounds._pack_limits",
        pack_limits,
        ("SCALE_ONE <= limits.max_scale", "SCALE_ONE < limits.max_scale"),
    ),
    same(
        "bounds._pack_cull",
        pack_cull,
        ("MAX_USDC) << 64", "MAX_USDC) << 63"),
    ),
    same(
        "bounds._to_units",
        to_units,
        ("amount <= highest and", "amount < highest and"),
        given={"unit": (1, 2**64)},
    ),
)

# Reports

QUOTE = {"price": Field(24, 128), "weight": Field(8, 16), "asset": Field(0, 8)}

REPORTS = (
    same(
        "reports._quote",
        lambda asset, price, weight: put(
            QUOTE, asset=asset, price=price, weight=weight
        ),
        ("price << 24", "price << 23"),
        given={"asset": (0, 255), "price": (0, 2**128), "weight": (0, 2**16 - 1)},
    ),
    same(
        "reports._asset",
        lambda quote: get_field(quote, QUOTE["asset"]),
        ("return quote & 255", "return quote & 127"),
    ),
    same(
        "reports._weight",
        lambda quote: get_field(quote, QUOTE["weight"]),
        ("(quote >> 8) & 65535", "(quote >> 8) & 255"),
    ),
    same(
        "reports._price",
        lambda quote: quote // 2**24,
        ("return quote >> 24", "return quote >> 23"),
    ),
)

# Words of the tick set


def ahead(bits: int, place: int, is_up: int) -> int:
    """Return the bits of a word from a place on."""
    if is_up:
        return bits - bits % (1 << place)
    return bits if place == 255 else bits % (1 << (place + 1))


def first(bits: int, is_up: int) -> int:
    """Return the place of the lowest or of the highest bit of a word."""
    return low_bit(bits) if is_up else top_bit(bits)


def difference(later: int, earlier: int) -> int:
    """Return by how much growth, modulo 2**128, has grown."""
    grown = (later - earlier) % 2**128
    return grown - 2**128 if grown >= 2**127 else grown


def add(word: int, lots: int, cost: int) -> int:
    """Return a sum with more in it."""
    costs = get_field(word, packing.WINNERS["winners_cost"]) + cost
    sizes = get_field(word, packing.WINNERS["winners_lots"]) + lots
    if not within((costs, -(2**127), 2**127 - 1)):
        raise errors.AmountTooLarge
    if not within((sizes, -(2**63), 2**63 - 1)):
        raise errors.AmountTooLarge
    return costs % 2**128 * 2**128 + sizes % 2**64 * 2**64 + word % 2**64


SETS = (
    same(
        "tick_set._ahead",
        ahead,
        ("unsafe_sub(255, place)", "unsafe_sub(254, place)"),
        given={"place": (0, 255)},
    ),
    same(
        "tick_set._first",
        first,
        (
            "    if is_up:\n        return grid._low",
            "    if not is_up:\n        return grid._low",
        ),
        cuts=(TOP_BIT, LOW_BIT),
    ),
    same(
        "tick_set._difference",
        difference,
        ("unsafe_sub(later, earlier) << 128", "unsafe_sub(earlier, later) << 128"),
    ),
    same(
        "tick_set._pair",
        lambda lend, borrow: lend % 2**128 * 2**128 + borrow % 2**128,
        ("(borrow & _LOW_128)", "(borrow & _LOW_64)"),
    ),
    same(
        "tick_set._lots",
        lambda word: get_field(word, packing.WINNERS["winners_lots"]),
        ("int256) >> 192", "int256) >> 191"),
    ),
    same(
        "tick_set._cost",
        lambda word: get_field(word, packing.WINNERS["winners_cost"]),
        (
            "convert(convert(word, bytes32), int256) >> 128",
            "convert(convert(word, bytes32), int256) >> 127",
        ),
    ),
    same(
        "tick_set._add",
        add,
        ("self._lots(word) + lots, 64) << 64", "self._lots(word) - lots, 64) << 64"),
        fits=lambda word, lots, cost: within(
            (lots, -(2**250), 2**250), (cost, -(2**250), 2**250)
        ),
    ),
    same(
        "tick_set._cursor",
        lambda market, word: word // 2**176,
        ("state.market_cursor[market] >> 176", "state.market_cursor[market] >> 175"),
        reads={"word": ("state.market_cursor", "market")},
    ),
)

# Words that views and fills look up


def decayed(code: int, now: int, top: int) -> int:
    """Return what is left of the volume in a word."""
    volume = Volume(top // 2**32 % 2**56, top % 2**32)
    return price_levels.get_recent(volume, now)


def require_asset(asset: int, token: int) -> tuple[()]:
    """Refuse an asset that is not listed, and the one in which prices are."""
    if asset == accounts.USDC or token == 0:
        raise errors.UnknownAsset
    return ()


LOOKS = (
    same(
        "slow_price._is_listed",
        lambda asset, word: word != 0,
        ("return self._words[asset] != 0", "return self._words[asset] > 1"),
        reads={"word": ("slow_price._words", "asset")},
    ),
    same(
        "slow_price._markets",
        lambda word: word % 2**32,
        ("return word & (2**32 - 1)", "return word & (2**31 - 1)"),
    ),
    same(
        "listings._exponent",
        lambda word: word // 2**40 % 2**8,
        ("packing._get(word, 40, 8)", "packing._get(word, 40, 7)"),
    ),
    same(
        "price_levels._volume",
        decayed,
        ("self._decay(self.tops[code], now)", "self.tops[code] >> _VOLUME"),
        fits=lambda code, now, top: within((now, 0, 2**32)) and top % 2**32 <= now,
        reads={"top": ("price_levels.tops", "code")},
    ),
    same(
        "tradables._require_asset",
        require_asset,
        ("    assert asset != accounts.USDC, errors.UNKNOWN_ASSET\n", ""),
        reads={"token": ("state.token", "asset")},
    ),
)

PROOFS = (*BOUNDS, *REPORTS, *SETS, *LOOKS)
