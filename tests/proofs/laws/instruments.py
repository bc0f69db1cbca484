"""Laws of instruments: a code stands for one instrument, and that for no other."""

from specs.instruments import (
    MAX_LISTED,
    SPOT,
    get_asset,
    get_code,
    get_instrument,
    is_spot,
)
from tests.proofs.proof import Mutant


def a_code_has_its_instrument(code: int) -> bool:
    """
    Each of the 64 codes is that of the instrument which is stored under it, the lower
    half of them markets.

    Serves: I17, I18.

    pre: 0 <= code < 2 * MAX_LISTED
    post: __return__
    """
    instrument = get_instrument(code)
    return get_code(instrument) == code and is_spot(instrument) == (code >= MAX_LISTED)


def a_market_comes_back_from_its_code(market: int) -> bool:
    """
    A market is stored under its own number, below those of spot assets.

    Serves: I17, I18.

    pre: 0 <= market < MAX_LISTED
    post: __return__
    """
    code = get_code(market)
    instrument = get_instrument(code)
    return code == market == instrument and not is_spot(instrument)


def an_asset_comes_back_from_its_code(asset: int) -> bool:
    """
    A spot asset is stored above all markets, below 64, and read as itself.

    Serves: I17, I18.

    pre: 0 <= asset < MAX_LISTED
    post: __return__
    """
    code = get_code(SPOT + asset)
    instrument = get_instrument(code)
    is_read = is_spot(instrument) and get_asset(instrument) == asset
    return is_read and MAX_LISTED <= code < 64 and instrument == SPOT + asset


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/instruments.py", old, new),)


MUTANTS = {
    "a_code_has_its_instrument": _mutant("code if code <", "code if code <="),
    "a_market_comes_back_from_its_code": _mutant(
        "return instrument >= SPOT", "return instrument >= SPOT or instrument == 31"
    ),
    "an_asset_comes_back_from_its_code": (
        *_mutant(
            "return instrument - SPOT + MAX_LISTED if is_spot(instrument)",
            "return instrument - SPOT if is_spot(instrument)",
        ),
        *_mutant("    return instrument - SPOT\n", "    return SPOT - instrument\n"),
    ),
}
