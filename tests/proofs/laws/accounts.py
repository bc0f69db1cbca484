"""Laws of accounts: whose they are, who may use them, and how much they list."""

from specs.accounts import (
    NEW,
    RIGHTS,
    TRADE,
    WITHDRAW,
    Account,
    is_authorised,
    is_bound,
    require_authorised,
    require_user,
    with_balance,
    with_orders,
    with_position,
)
from specs.errors import NotAuthorised, ReservedAccount, TooManyAssets, TooManyMarkets
from specs.money_market import Balance
from specs.open_orders import OpenOrders
from specs.perpetual import Position
from tests.proofs.proof import Mutant

ACCOUNT = 5 << 96 | 1
OPERATOR = 7


def nothing_leaves_before_the_release(release_at: int, now: int, later: int) -> bool:
    """
    An account is bound until its release, and never again by waiting.

    Serves: I36.

    pre: 0 <= release_at and 0 <= now <= later
    post: __return__
    """
    account = Account(release_at=release_at)
    bound, still = is_bound(account, now), is_bound(account, later)
    return bound == (now < release_at) and (bound or not still)


def an_operator_has_the_rights_he_was_given(
    may_trade: bool, may_withdraw: bool, wants_to_trade: bool, wants_both: bool
) -> bool:
    """
    Whoever was given a right may use it and no other; nobody else may anything.

    Serves: I14.

    post: __return__
    """
    given = (TRADE if may_trade else 0) + (WITHDRAW if may_withdraw else 0)
    right = RIGHTS if wants_both else TRADE if wants_to_trade else WITHDRAW
    operators = {(ACCOUNT, OPERATOR): given}
    allowed = is_authorised(operators, ACCOUNT, OPERATOR, right)
    wanted = (not wants_both or (may_trade and may_withdraw)) and (
        wants_both or (may_trade if wants_to_trade else may_withdraw)
    )
    stranger = is_authorised(operators, ACCOUNT, OPERATOR + 1, right)
    return allowed == wanted and not stranger and is_authorised({}, ACCOUNT, 5, right)


def a_stranger_is_refused(actor: int) -> bool:
    """
    Nobody but the owner acts for an account without operators, and nobody at all for
    one of the protocol.

    Serves: I14.

    pre: 0 <= actor < 2**160
    post: __return__
    """
    for account, is_own in ((ACCOUNT, actor == 5), (3, False)):
        try:
            require_authorised({}, account, actor, TRADE)
            is_let = True
        except NotAuthorised:
            is_let = False
        if is_let != is_own:
            return False
    return True


def the_protocols_accounts_are_no_users(account: int) -> bool:
    """
    Exactly the accounts of owner 0 are refused where a user's is asked for.

    Serves: I14.

    pre: 0 <= account < 2**256
    post: __return__
    """
    try:
        require_user(account)
    except ReservedAccount:
        return account < 2**96
    return account >= 2**96


def nobody_has_a_ninth_asset(scaled: int, idle: int) -> bool:
    """
    A ninth asset beside USDC is refused exactly if something of it is to stay.

    Serves: I18.

    pre: 0 <= idle
    post: __return__
    """
    full = Account(balances={asset: Balance(1) for asset in range(9)})
    try:
        after = with_balance(full, 9, Balance(scaled, idle))
    except TooManyAssets:
        return scaled != 0 or idle != 0
    return after == full and scaled == idle == 0


def nobody_has_a_ninth_market(lots: int, basis: int) -> bool:
    """
    A ninth market is refused exactly if a position or a claim is to stay in it.

    Serves: I18.

    post: __return__
    """
    full = Account(positions={market: Position(1) for market in range(8)})
    try:
        after = with_position(full, 8, Position(lots, basis))
    except TooManyMarkets:
        return lots != 0 or basis != 0
    return after == full and lots == basis == 0


def no_entry_is_empty(bids: int, asks: int) -> bool:
    """
    What an account has resting is listed exactly if there is any.

    Serves: I18.

    pre: 0 <= bids and 0 <= asks
    post: __return__
    """
    after = with_orders(NEW, 3, OpenOrders(bids, asks))
    if bids == asks == 0:
        return after == NEW
    return after.orders == {3: OpenOrders(bids, asks)}


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/accounts.py", old, new),)


MUTANTS = {
    "nothing_leaves_before_the_release": _mutant(
        "return account.release_at > now", "return account.release_at != now"
    ),
    "an_operator_has_the_rights_he_was_given": _mutant(
        "0) & right == right", "0) & right != 0"
    ),
    "a_stranger_is_refused": (
        *_mutant(
            "    if not is_authorised(operators, account, actor, right):\n",
            "    if not operators:\n",
        ),
        *_mutant(
            "    if get_owner(account) == 0:\n        return False",
            "    if False:\n        return False",
        ),
    ),
    "the_protocols_accounts_are_no_users": (
        *_mutant(
            "    if get_owner(account) == 0:\n        raise",
            "    if get_owner(account) == 1:\n        raise",
        ),
        *_mutant("return Address(account >> 96)", "return Address(account >> 95)"),
    ),
    "nobody_has_a_ninth_asset": _mutant(
        "len(balances.keys() - {USDC}) > MAX_ASSETS", "len(balances) > MAX_ASSETS + 2"
    ),
    "nobody_has_a_ninth_market": _mutant(
        "len(positions) > MAX_MARKETS", "len(positions) > MAX_MARKETS + 1"
    ),
    "no_entry_is_empty": _mutant("if orders == NONE:", "if orders.bids == 0:"),
}
