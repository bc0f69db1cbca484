"""Laws of fills: between whom, and who pays which fee."""

from specs.errors import ReservedAccount, SameAccount
from specs.fills import require_parties, split_fees
from specs.state import Fees
from tests.proofs.proof import Mutant


def a_fill_has_two_users(buyer: int, seller: int) -> bool:
    """
    Nobody fills with himself or with the protocol.

    Serves: I14, I28.

    pre: 0 <= buyer < 2**256 and 0 <= seller < 2**256
    post: __return__
    """
    try:
        require_parties(buyer, seller)
    except SameAccount:
        return buyer == seller
    except ReservedAccount:
        return buyer < 2**96 or seller < 2**96
    return buyer != seller and buyer >= 2**96 and seller >= 2**96


def one_side_pays_as_maker_and_one_as_taker(
    maker: int, taker: int, maker_is_buyer: bool
) -> bool:
    """
    Whoever's order rested pays the maker's fee, the other one the taker's.

    Serves: I28.

    post: __return__
    """
    buyer, seller = split_fees(Fees(maker, taker), maker_is_buyer)
    return (buyer, seller) == ((maker, taker) if maker_is_buyer else (taker, maker))


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/fills.py", old, new),)


MUTANTS = {
    "a_fill_has_two_users": _mutant(
        "    acc.require_user(buyer)\n    acc.require_user(seller)\n",
        "    acc.require_user(seller)\n",
    ),
    "one_side_pays_as_maker_and_one_as_taker": _mutant(
        "    if maker_is_buyer:", "    if fees.maker < fees.taker:"
    ),
}
