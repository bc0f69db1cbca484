"""Laws of the desk: who buys and who sells in a fill."""

from specs.errors import WrongRequest
from specs.instruments import SPOT
from specs.quote_desk import compute_fill, get_free_side
from specs.quotes import Quote, TwoSided
from tests.proofs.proof import Mutant


def a_fill_is_between_maker_and_taker(
    instrument: int, is_buy: bool, size: int, price: int
) -> bool:
    """
    The maker of a bid buys and that of an ask sells, at the maker's price; a spot
    fill names its asset, a perpetual's its market.

    Serves: I46.

    pre: 0 <= instrument < SPOT + 32 and 0 < size and 0 < price
    post: __return__
    """
    fill = compute_fill(Quote(8, instrument, is_buy, size, 1, price, 0, 0), 9, size)
    parties = (fill.buyer, fill.seller, fill.is_maker_buying)
    number = instrument - SPOT if fill.is_spot else instrument
    return (
        parties == ((8, 9, True) if is_buy else (9, 8, False))
        and fill.is_spot == (instrument >= SPOT)
        and (fill.number, fill.size, fill.price) == (number, size, price)
    )


def an_answer_is_not_free(request: int) -> bool:
    """
    A quote that names a request is never filled without it.

    Serves: I46.

    pre: 0 <= request
    post: __return__
    """
    quote = TwoSided(8, 0, 1, 2, 1, 1, 0, 0, request=request)
    try:
        side = get_free_side(quote, True)
    except WrongRequest:
        return request > 0
    return request == 0 and side.price == 1


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/quote_desk.py", old, new),)


MUTANTS = {
    "a_fill_is_between_maker_and_taker": _mutant(
        "buyer=maker.account if maker.is_buy else taker",
        "buyer=taker if maker.is_buy else maker.account",
    ),
    "an_answer_is_not_free": _mutant("if maker.request != 0:", "if maker.request > 1:"),
}
