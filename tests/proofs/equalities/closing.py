"""
Layer 2 of what closes positions and debts: backstop, slices, epochs, providers,
deficits, and of the trades and payments that all of them end in.
"""

from dataclasses import replace

from specs import (
    authority,
    backstop,
    deleveraging,
    errors,
    funding,
    guards,
    money_market,
    packing,
    perpetual,
    pool_limits,
    providers,
    settlement,
    slices,
    virtual_pnl,
)
from specs.distress import DISTRESS
from specs.fixed_point import PPM, RAY, WAD
from specs.funding import Funding
from specs.margin import Health
from specs.packing import get_field, unpack
from specs.perpetual import Position
from specs.providers import Pledge, Provider
from specs.requirements import Requirement
from tests.proofs.equalities.pools import (
    AMOUNTS,
    INDICES,
    is_pool,
    make_pool,
    unpack_balance,
)
from tests.proofs.equality import assume
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.reference import within

PRICES = 2**100
WORTH = 2**127
NOW = {"now": (TIME,)}


def make_health(equity: int, maintenance_margin: int, exposure: int = 0) -> Health:
    """Return a health of which nothing else is asked."""
    return Health(0, 0, equity, maintenance_margin, exposure, 0, 0, 0, 0, 0, 0)


def unpack_requirement(risk: int) -> Requirement:
    """Return what a leg binds."""
    names = ("base_imf", "base_mmf", "imf_factor", "mmf_factor")
    return Requirement(*(get_field(risk, packing.RISK[name]) for name in names))


def is_health(equity: int, maintenance_margin: int, exposure: int = 1) -> bool:
    """Tell whether the amounts are some that pools can hold, and margin positive."""
    return within(
        (equity, -WORTH, WORTH), (maintenance_margin, 1, WORTH), (exposure, 1, AMOUNTS)
    )


def compute_backstop_margin(maintenance_margin: int, exposure: int) -> int:
    """Do as the specification; margin is never negative."""
    assume(maintenance_margin >= 0)
    health = make_health(0, maintenance_margin, exposure)
    return backstop.compute_backstop_margin(health)


def is_open(equity: int, maintenance_margin: int, exposure: int) -> bool:
    """Do as the specification; margin is never negative."""
    assume(maintenance_margin >= 0)
    return backstop.is_open(make_health(equity, maintenance_margin, exposure))


BACKSTOP = (
    same(
        "backstop._compute_backstop_margin",
        compute_backstop_margin,
        ("_mul_div_up(exposure, 6, 100)", "_mul_div_down(exposure, 6, 100)"),
        ("maintenance_margin // 2,", "maintenance_margin // 3,"),
        fits=lambda maintenance_margin, exposure: within(
            (maintenance_margin, 0, WORTH), (exposure, 0, AMOUNTS)
        ),
    ),
    same(
        "backstop._is_open",
        is_open,
        ("return equity < self._comp", "return equity <= self._comp"),
        fits=is_health,
    ),
    same(
        "backstop._compute_discount",
        lambda equity, maintenance_margin, exposure: backstop.compute_discount(
            make_health(equity, maintenance_margin, exposure)
        ),
        ("fp.WAD, 4 * exposure)", "fp.WAD, 3 * exposure)"),
        fits=is_health,
    ),
    same(
        "backstop._compute_ratio",
        lambda equity, maintenance_margin: backstop.compute_ratio(
            make_health(equity, maintenance_margin)
        ),
        (
            "    if equity <= 0:\n        return 0\n    return fp",
            "    if equity <= 1:\n        return 0\n    return fp",
        ),
        fits=is_health,
    ),
    same(
        "backstop._initial_margin",
        lambda risk, notional: backstop.compute_initial_margin(
            unpack_requirement(risk), notional
        ),
        ("(risk >> 48) & _LOW_40", "(risk >> 88) & _LOW_40"),
        fits=lambda risk, notional: within((notional, 0, AMOUNTS)),
    ),
    same(
        "margin._initial_margin",
        lambda risk, notional, least: backstop.compute_initial_margin(
            replace(
                unpack_requirement(risk),
                base_imf=max(unpack_requirement(risk).base_imf, least),
            ),
            notional,
        ),
        ("max(risk & _LOW_24, least)", "risk & _LOW_24"),
        fits=lambda risk, notional, least: within(
            (notional, 0, AMOUNTS), (least, 0, PPM)
        ),
    ),
    same(
        "margin._maintenance_margin",
        lambda risk, notional: slices.compute_maintenance_margin(
            unpack_requirement(risk), notional
        ),
        (
            "(risk >> 24) & _LOW_24, (risk >> 88) & _LOW_40, notional",
            "risk & _LOW_24, (risk >> 88) & _LOW_40, notional",
        ),
        fits=lambda risk, notional: within((notional, 0, AMOUNTS)),
    ),
)

# Slices


def compute_ratio(
    equity: int,
    maintenance_margin: int,
    instrument: int,
    notional: int,
    risk: int,
    borrowed: int,
) -> int:
    """Do as the specification for a leg whose fields are in a word."""
    leg = (unpack_requirement(risk), notional)
    health = make_health(equity, maintenance_margin)
    return slices.compute_ratio(health, leg, borrowed)


SLICES = (
    same(
        "slices._bound",
        lambda risk, notional: slices.compute_maintenance_margin(
            unpack_requirement(risk), notional
        ),
        ("(risk >> 24) & _LOW_24", "risk & _LOW_24"),
        fits=lambda risk, notional: within((notional, 0, AMOUNTS)),
    ),
    same(
        "slices._compute_limit",
        slices.compute_limit,
        ("min(ratio // 2, MAX_APART)", "ratio // 2"),
        fits=lambda mark, ratio, is_buy: within((mark, 0, PRICES)),
    ),
    same(
        "slices._compute_fee_rate",
        slices.compute_fee_rate,
        ("min(MAX_FEE, ratio // 4)", "min(MAX_FEE, ratio // 2)"),
    ),
    same(
        "slices._is_improved",
        lambda old_equity, old_margin, new_equity, new_margin: slices.is_improved(
            make_health(old_equity, old_margin), make_health(new_equity, new_margin)
        ),
        ("new_margin <= old_margin\n", "new_margin < old_margin\n"),
        fits=lambda *words: within(*((word, -WORTH, WORTH) for word in words)),
    ),
    same(
        "slices._compute_most",
        slices.compute_most,
        ("return min(held, max(", "return min(held, min("),
        fits=lambda held, parts, least: within((held, 0, AMOUNTS), (parts, 0, 2**16)),
    ),
)

# Trades


def trade(
    held: int, basis: int, lots: int, lot: int, price: int, funding_index: int
) -> tuple[int, int, int]:
    """Return lots, basis and gain after a trade."""
    done = perpetual.trade(Position(held, basis), lots, lot, price, funding_index)
    return done.position.lots, done.position.basis, done.gain


def can_trade(
    held: int, basis: int, lots: int, lot: int, price: int, funding_index: int
) -> bool:
    """Tell whether all of it can be stored."""
    return within(
        (held, -(2**57), 2**57),
        (basis, -WORTH, WORTH),
        (lots, -(2**57), 2**57),
        (lot, 0, WAD),
        (price, 0, PRICES),
        (funding_index, -WORTH, WORTH),
    )


def compute_fee(notional: int, risk: int, is_maker: int) -> int:
    """Do as the specification with the fees in a word."""
    name = "maker" if is_maker else "taker"
    return settlement.compute_fee(notional, get_field(risk, packing.RISK[name]))


def fits(account: int, market: int, lots: int, header: int, limits: int) -> bool:
    """Return whether a position is one for the tick set."""
    least = get_field(limits, packing.LIMITS["min_lots"])
    is_realising = get_field(header, packing.HEADER["is_realising"])
    return is_realising == 0 and abs(lots) >= max(1, least)


def advance(*words: int) -> tuple[int, ...]:
    """Return the words of a market's funding, brought to now."""
    before, (interval, mark, premium, now) = Funding(*words[:6]), words[6:]
    after = funding.advance(before, interval, mark, premium, now)
    return tuple(vars(after).values())


def can_advance(*words: int) -> bool:
    """Tell whether the funding can be stored, and its times are past."""
    index, rate, premium, premium_time, started, updated, interval, mark, new, now = (
        words
    )
    return (
        within(
            (index, -WORTH, WORTH - 1),
            (rate, -funding.RATE_CAP, funding.RATE_CAP),
            (premium, -(2**63), 2**63),
            (premium_time, -WORTH, WORTH),
            (started, 0, 2**32),
            (updated, 0, 2**32),
            (interval, 1, 2**32),
            (mark, 0, PRICES),
            (new, -(2**63), 2**63),
            (now, 0, 2**32),
        )
        and started <= now
        and updated <= now
    )


def sell(word: int, now: int) -> int:
    """Return the word of an account of which a part is sold now."""
    assume(within((word, 0, 2**64 - 1), (now, 0, 2**32 - 1)))
    return get_field(word, DISTRESS["flagged_at"]) * 2**32 + now


TRADES = (
    same(
        "perpetual._is_reduction",
        perpetual.is_reduction,
        (
            "        return False\n    return abs(lots) <= abs(held)",
            "        return False\n    return abs(lots) < abs(held)",
        ),
        fits=lambda held, lots: within(
            (held, -(2**57), 2**57), (lots, -(2**57), 2**57)
        ),
    ),
    same(
        "settlement._fee",
        compute_fee,
        ("128 if is_maker else 152", "152 if is_maker else 128"),
        fits=lambda notional, risk, is_maker: within((notional, 0, AMOUNTS)),
    ),
    same(
        "settlement._fits",
        fits,
        (
            "return convert(abs(lots), uint256) >= least",
            "return convert(abs(lots), uint256) > least",
        ),
        fits=lambda account, market, lots, header, limits: lots > -(2**255),
        reads={"header": ("headers", "account"), "limits": ("market_limits", "market")},
    ),
    same(
        "virtual_pnl._worth",
        virtual_pnl.compute_worth,
        (
            "_signed_mul_div_down(lend, lend_index",
            "_signed_mul_div_up(lend, lend_index",
        ),
        fits=lambda lend, borrow, lend_index, borrow_index: within(
            (lend, -WORTH, WORTH),
            (borrow, 0, AMOUNTS),
            (lend_index, 0, INDICES),
            (borrow_index, 0, INDICES),
        ),
    ),
    same(
        "virtual_pnl._clamp",
        lambda mark: virtual_pnl.clamp(get_field(mark, packing.MARK["slow"])) // 10**6,
        ("mark >> 176, grid", "mark >> 175, grid"),
    ),
    same(
        "distress._slice",
        sell,
        ("return (word & ~_LOW_32) | now", "return now"),
    ),
)

# Epochs


def share(market: int, epoch: int, lots: int, terms: int, kept: int) -> tuple[int, int]:
    """Return what an epoch closes of a position, and what it carries on."""
    found = unpack(terms, packing.EPOCH_TERMS)
    carry = get_field(kept, packing.EPOCH_STATE["carry"])
    parts = abs(lots) * found["lots"] + carry
    return parts // found["open_interest"], parts % found["open_interest"]


def compute_closing_price(
    market: int, epoch: int, funding_index: int, terms: int, kept: int
) -> int:
    """Do as the specification with an epoch's words."""
    price = get_field(terms, packing.EPOCH_TERMS["price"])
    then = get_field(kept, packing.EPOCH_STATE["funding_index"])
    return deleveraging.compute_closing_price(
        deleveraging.Epoch(False, 0, 0, price, then), funding_index
    )


def compute_effective_interest(market: int, size: int, pending: int) -> int:
    """Return what either side has once all epochs have met it."""
    left = unpack(pending, packing.PENDING)
    open_interest = get_field(size, packing.SIZE["open_interest"])
    most = max(left["longs"], left["shorts"])
    assume(most <= open_interest)
    return open_interest - most


def reduces(market: int, epoch: int, lots: int, terms: int) -> bool:
    """Return whether an epoch is one of the side of a position that has a size."""
    assume(lots != 0)
    is_long = get_field(terms, packing.EPOCH_TERMS["is_long"]) == 1
    return deleveraging.reduces(deleveraging.Epoch(is_long, 0, 0, 0, 0), lots)


TERMS = {"terms": ("epoch_terms", "market", "epoch")}
KEPT = {"kept": ("epoch_state", "market", "epoch")}

EPOCHS = (
    same(
        "deleveraging._share",
        share,
        ("* (terms >> 192) + carry", "* (terms >> 192)"),
        fits=lambda market, epoch, lots, terms, kept: (
            within((lots, -(2**57), 2**57))
            and get_field(terms, packing.EPOCH_TERMS["open_interest"]) > 0
        ),
        reads=TERMS | KEPT,
    ),
    same(
        "deleveraging._reduces",
        reduces,
        ("& 1 != 0) == (lots > 0)", "& 1 != 0) != (lots > 0)"),
        reads=TERMS,
    ),
    same(
        "deleveraging._closing_price",
        compute_closing_price,
        ("funding_index - then, 0), uint256)", "funding_index, 0), uint256)"),
        fits=lambda market, epoch, funding_index, terms, kept: within(
            (funding_index, -WORTH, WORTH)
        ),
        reads=TERMS | KEPT,
    ),
    same(
        "deleveraging._effective_interest",
        compute_effective_interest,
        (
            "(pending >> 64) & _LOW_64, pending & _LOW_64",
            "pending & _LOW_64, pending & _LOW_64",
        ),
        reads={
            "size": ("market_size", "market"),
            "pending": ("market_pending", "market"),
        },
    ),
)

# Providers


def make_provider(capacity: int = 0, usage: int = 0, caps: int = 0) -> Provider:
    """Return the provider with those words."""
    first = unpack(capacity, providers.CAPACITY)
    last = unpack(caps, providers.CAPS)
    pledge = Pledge(
        first["per_minute"], first["per_hour"], last["max_position"], last["max_loss"]
    )
    return Provider(pledge, *unpack(usage, providers.USAGE).values())


def least(account: int, capacity: int, caps: int) -> int:
    """Return the least of what a provider has pledged."""
    pledge = make_provider(capacity, caps=caps).pledge
    return min(pledge.per_minute, pledge.per_hour, pledge.max_position)


def has_lost(
    account: int, equity: int, now: int, usage: int, caps: int, opening: int
) -> bool:
    """Do as the specification with a provider's words."""
    before = get_field(opening, providers.OPENING["equity"])
    provider = replace(make_provider(usage=usage, caps=caps), equity=before)
    return providers.has_lost(provider, equity, now)


CAPACITY = {"capacity": ("capacity", "account")}
USAGE = {"usage": ("usage", "account")}
CAPS = {"caps": ("caps", "account")}

PROVIDERS = (
    same(
        "providers._get_used",
        lambda account, now, usage: providers.get_used(make_provider(usage=usage), now),
        (
            "    if used_at // HOUR == now // HOUR:\n        hour",
            "    if used_at // MINUTE == now // MINUTE:\n        hour",
        ),
        reads=USAGE,
    ),
    same(
        "providers._compute_remaining",
        lambda account, now, capacity, usage: providers.compute_remaining(
            make_provider(capacity, usage), now
        ),
        ("if per_minute <= minute or per_hour <= hour:", "if per_minute <= minute:"),
        reads=CAPACITY | USAGE,
    ),
    same(
        "providers.remaining",
        lambda account, capacity, usage, now: providers.compute_remaining(
            make_provider(capacity, usage), now
        ),
        (
            "return self._compute_remaining(account, block.timestamp)",
            "return self._compute_remaining(account, 0)",
        ),
        reads=CAPACITY | USAGE | NOW,
    ),
    same(
        "providers._max_position",
        lambda account, caps: get_field(caps, providers.CAPS["max_position"]),
        (
            "packing._get(self.caps[account], 0, 128)",
            "packing._get(self.caps[account], 1, 127)",
        ),
        reads=CAPS,
    ),
    same(
        "providers._least",
        least,
        ("return min(taken, self._max_position(account))", "return taken"),
        reads=CAPACITY | CAPS,
    ),
    same(
        "providers._has_lost",
        has_lost,
        ("return lost > convert(", "return lost >= convert("),
        fits=lambda account, equity, now, usage, caps, opening: (
            within((equity, -WORTH, WORTH))
            and within((get_field(opening, providers.OPENING["equity"]), -WORTH, WORTH))
        ),
        reads=USAGE | CAPS | {"opening": ("_equity", "account")},
    ),
    same(
        "providers.results",
        lambda account, word: tuple(unpack(word, providers.RESULTS).values()),
        (
            "packing._get(word, 144, 112), packing._get(word, 32, 112)",
            "packing._get(word, 144, 112), packing._get(word, 32, 111)",
        ),
        reads={"word": ("_results", "account")},
    ),
    same(
        "providers.provider_count",
        lambda count: count,
        ("return len(self._order)\n", "return len(self._order) + 1\n"),
        fits=lambda count: count < 2**255,
        reads={"count": ("_order",)},
    ),
)

# Deficits and pools in storage


def deficit(account: int, claims: int, index: int, word: int) -> int:
    """Return what an account owes beyond its claims."""
    rate = get_field(index, packing.POOL_INDEX["borrow_index"])
    scaled = unpack_balance(word).scaled
    staying = backstop.mul_div_down(claims, RAY, rate)
    assume(-scaled >= staying)
    return backstop.mul_div_up(-scaled - staying, rate, RAY)


def supplied(*words: int) -> int:
    """Return all that accounts have brought in, 0 without a cap of it."""
    _, *pool, curve, idle = words
    if get_field(curve, packing.CURVE["supply_cap"]) == 0:
        return 0
    return money_market.get_supplied(replace(make_pool(tuple(pool)), idle=idle))


def require_supply_cap(*words: int) -> tuple[()]:
    """Refuse as the specification does."""
    _, before, *pool, curve, idle = words
    cap = get_field(curve, packing.CURVE["supply_cap"])
    guards.require_supply_cap(before, supplied(0, *pool, curve, idle), cap)
    return ()


def require_borrowing(*words: int) -> tuple[()]:
    """Refuse a debt that has grown in a paused pool, or above its cap."""
    _, borrows, *pool, curve = words
    if get_field(curve, packing.CURVE["is_paused"]):
        raise errors.Paused
    after = make_pool(tuple(pool))
    after = replace(after, borrow_cap=get_field(curve, packing.CURVE["borrow_cap"]))
    pool_limits.require_borrow_cap(replace(after, borrows=borrows), after)
    return ()


INDEX = {"index": ("pool_index", "asset")}
BALANCE = {"word": ("balances", "account", "asset")}
CURVE_OF = {"curve": ("curve", "words[0]")}
IDLE_OF = {"idle": ("pool_idle", "words[0]")}

STORED = (
    same(
        "bankruptcy._price",
        lambda asset, quote: (
            WAD if asset == 0 else get_field(quote, packing.QUOTE["slow"])
        ),
        ("    if asset == accounts.USDC:\n        return fp.WAD\n", ""),
        reads={"quote": ("quote", "asset")},
    ),
    same(
        "bankruptcy._held",
        lambda account, asset, index, word: money_market.compute_held(
            unpack_balance(word), get_field(index, packing.POOL_INDEX["lend_index"])
        ),
        ("state.pool_index[asset] >> 144", "state.pool_index[asset] >> 143"),
        reads=INDEX | BALANCE,
    ),
    same(
        "bankruptcy._owed",
        lambda account, asset, index, word: money_market.compute_debt(
            unpack_balance(word), get_field(index, packing.POOL_INDEX["borrow_index"])
        ),
        (
            "(state.pool_index[asset] >> 32) & money_market.MAX_INDEX",
            "state.pool_index[asset] >> 32",
        ),
        reads=INDEX | BALANCE,
    ),
    same(
        "bankruptcy._deficit",
        deficit,
        (
            "fp._mul_div_up(units - staying, index",
            "fp._mul_div_down(units - staying, index",
        ),
        fits=lambda account, claims, index, word: (
            within((claims, 0, AMOUNTS))
            and get_field(index, packing.POOL_INDEX["borrow_index"]) > 0
        ),
        reads={"index": ("pool_index", "0"), "word": ("balances", "account", "0")},
    ),
    same(
        "pool_limits._supplied",
        supplied,
        ("    if state.curve[asset] & _SUPPLY_CAP == 0:\n        return 0\n", ""),
        fits=lambda *words: is_pool(*words[1:]) and within((words[9], 0, AMOUNTS)),
        reads=CURVE_OF | IDLE_OF,
    ),
    same(
        "pool_limits._require_supply_cap",
        require_supply_cap,
        (
            "state.curve[asset], before, self._supplied(asset, pool)",
            "state.curve[asset], self._supplied(asset, pool), before",
        ),
        fits=lambda *words: is_pool(*words[2:]) and within((words[10], 0, AMOUNTS)),
        reads=CURVE_OF | IDLE_OF,
    ),
    same(
        "pool_limits._require_borrowing",
        require_borrowing,
        ("    assert curve & _PAUSED == 0, errors.PAUSED\n", ""),
        (
            "fp._mul_div_up(borrows, pool.borrow_index, fp.RAY)",
            "fp._mul_div_down(borrows, pool.borrow_index, fp.RAY)",
        ),
        fits=lambda *words: is_pool(*words[2:]) and within((words[1], 0, AMOUNTS)),
        reads=CURVE_OF,
    ),
)

# Custody


def get_scale(word: int) -> int:
    """Return the WAD amount of one unit of a listed token."""
    if word == 0:
        raise errors.UnknownAsset
    decimals = get_field(word, packing.TOKEN["decimals"])
    assume(decimals <= 18)
    return 10 ** (18 - decimals)


def to_wad(word: int, tokens: int) -> int:
    """Return the WAD amount of tokens; refuse none, or too many."""
    scale = get_scale(word)
    assume(scale <= 10**18)
    if tokens == 0:
        raise errors.ZeroAmount
    if tokens * scale > 10**30:
        raise errors.AmountTooLarge
    return tokens * scale


def require_amount(asset: int, amount: int, token: int) -> tuple[()]:
    """Refuse an unknown asset, nothing, or too much."""
    if token == 0:
        raise errors.UnknownAsset
    authority.require_amount(amount)
    return ()


CUSTODY = (
    same(
        "custody._scale",
        get_scale,
        ("10 ** (18 - ((word >> 160) & 255))", "10 ** (17 - ((word >> 160) & 255))"),
    ),
    same(
        "custody._to_wad",
        to_wad,
        ("assert tokens <= MAX_AMOUNT // scale", "assert tokens < MAX_AMOUNT // scale"),
    ),
    same(
        "custody._require_amount",
        require_amount,
        ("assert amount <= MAX_AMOUNT", "assert amount < MAX_AMOUNT"),
        reads={"token": ("token", "asset")},
    ),
)

PROOFS = (
    *BACKSTOP,
    *SLICES,
    *TRADES,
    *EPOCHS,
    *PROVIDERS,
    *STORED,
    *CUSTODY,
)
