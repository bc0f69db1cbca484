"""
Layer 2 of what is looked up of an account or a pool: pledges of providers, deficits,
caps of pools, and tokens in custody.
"""

from dataclasses import replace

from specs import (
    authority,
    backstop,
    errors,
    guards,
    money_market,
    packing,
    pool_limits,
    providers,
)
from specs.fixed_point import RAY, WAD
from specs.packing import get_field, unpack
from specs.providers import Pledge, Provider
from tests.proofs.equalities.pools import (
    AMOUNTS,
    is_pool,
    make_pool,
    unpack_balance,
)
from tests.proofs.equality import assume
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.reference import within

WORTH = 2**127
NOW = {"now": (TIME,)}

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

PROOFS = (*PROVIDERS, *STORED, *CUSTODY)
