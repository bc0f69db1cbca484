"""Laws of slow prices: what is listed, and when an update has to wait."""

from specs.errors import AlreadyListed, OutOfBounds, TooManyMarkets, UnknownAsset
from specs.slow_price import (
    Asset,
    attach,
    get_waiting_run,
    list_asset,
    must_wait,
    update,
)
from tests.proofs.proof import Mutant


def an_asset_is_listed_once_within_its_bounds(
    asset: int, step: int, tolerance: int
) -> bool:
    """
    USDC is not listed, nor a step above 1 % a second or a band above 20 %.

    Serves: I29, I31.

    pre: 0 <= asset and 0 <= step and 0 <= tolerance
    post: __return__
    """
    within = 1 <= asset <= 31 and 1 <= step <= 10_000 and 1 <= tolerance <= 200_000
    try:
        after = list_asset({5: Asset(1, 1)}, asset, step, tolerance)
    except OutOfBounds:
        return not within
    except AlreadyListed:
        return asset == 5 and within
    return within and asset != 5 and after[asset] == Asset(step, tolerance)


def four_markets_follow_an_asset_at_most(count: int, is_known: bool) -> bool:
    """
    A market follows a known asset, with at most three others.

    Serves: I29.

    pre: 0 <= count <= 5
    post: __return__
    """
    assets = {1: Asset(1, 1, markets=tuple(range(count)))}
    try:
        after = attach(assets, 1 if is_known else 2, 7)
    except UnknownAsset:
        return not is_known
    except TooManyMarkets:
        return is_known and count >= 4
    return is_known and count < 4 and after[1].markets == (*range(count), 7)


def an_update_waits_after_an_outage(time: int, waiting: int, now: int) -> bool:
    """
    What follows a gap waits, until updates have gone on for 30 s; those that wait begin
    with the first after it.

    Serves: I31.

    pre: 0 < time < waiting <= now and waiting - time > 60
    post: __return__
    """
    fresh, held = Asset(1, 1, 5, 5, time), Asset(1, 1, 5, 5, time, (waiting,))
    is_soon = now - waiting < 30 or now - waiting > 60
    return (
        must_wait(fresh, waiting)
        and not must_wait(Asset(1, 1), now)
        and must_wait(held, now) == is_soon
        and get_waiting_run(held) == (waiting, waiting)
        and get_waiting_run(fresh) == (0, 0)
    )


def a_first_price_is_taken_as_it_is(now: int, fast: int) -> bool:
    """
    An asset's first price needs no way to go, and ends what waits.

    Serves: I31.

    pre: 0 < now and 0 < fast
    post: __return__
    """
    after = update(Asset(1, 1, waiting=(3,)), now, fast)
    return (after.slow, after.fast, after.time, after.waiting) == (fast, fast, now, ())


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/slow_price.py", old, new),)


MUTANTS = {
    "an_asset_is_listed_once_within_its_bounds": _mutant(
        "if not 1 <= asset <= MAX_ASSET:", "if not 0 <= asset <= MAX_ASSET:"
    ),
    "four_markets_follow_an_asset_at_most": _mutant(
        "if len(markets) > MAX_MARKETS:", "if len(markets) > MAX_MARKETS + 1:"
    ),
    "an_update_waits_after_an_outage": (
        *_mutant(
            "return asset.time != NEVER and not is_counting",
            "return not is_counting",
        ),
        *_mutant("return run[0], run[-1]", "return asset.time, run[-1]"),
    ),
    "a_first_price_is_taken_as_it_is": _mutant(
        "    slow = fast\n    if", "    slow = Wad(fast - 1)\n    if"
    ),
}
