"""
Accounts.

An account is a pair (owner, number), written ``owner << 96 | number``. Accounts of
one owner share nothing but the owner. Accounts of owner 0 belong to the protocol.

Counterpart of ``contracts/modules/accounts.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NewType

from specs import distress
from specs.distress import Distress
from specs.errors import NotAuthorised, ReservedAccount, TooManyAssets, TooManyMarkets
from specs.fixed_point import Seconds
from specs.money_market import EMPTY, Balance
from specs.open_orders import NONE, OpenOrders
from specs.perpetual import FLAT, Position

AccountId = NewType("AccountId", int)
Address = NewType("Address", int)

TRADE: Final = 1
"""The right to trade: fills, quotes, settings."""

WITHDRAW: Final = 2
"""The right to take assets out: withdraw, borrow, transfer."""

RIGHTS: Final = TRADE | WITHDRAW

RESERVE: Final = AccountId(1)
"""The reserve, whose balances are kept inside the pools."""

BACKSTOP_FUND: Final = AccountId(2)
"""The fund that pays deficits; anybody may add USDC to it."""

INVENTORY: Final = AccountId(3)
"""What auto-deleveraging has closed and not yet met; kept inside the markets."""

MAX_ASSETS: Final = 8
"""How many assets other than USDC an account may hold or owe."""

MAX_MARKETS: Final = 8
"""How many markets an account may have a position or a claim in."""

USDC: Final = 0

UNTIL_NOTICE: Final = Seconds(2**32 - 1)
"""When an account is released that is bound and has not given notice: never."""

MAX_LEVERAGE: Final = 255
"""The highest limit that an account may set itself."""


@dataclass(frozen=True)
class Settings:
    """What an account's owner chose."""

    auto_lend: bool = True
    """Whether what comes in is lent; else it lies idle and is never lent out."""
    auto_repay: bool = True
    """Whether USDC that comes in repays a borrow; else it lies idle beside it."""
    auto_borrow_settlements: bool = True
    """Whether losses and fees may leave a USDC debt; else collateral is converted."""
    auto_realize: bool = False
    """Whether anyone may realise profit and loss; then it earns nothing meanwhile."""
    max_leverage: int = 0
    """The account's own limit, 1 to 255; 0 for none but the markets'."""


DEFAULT: Final = Settings()


@dataclass(frozen=True)
class Account:
    """What an account has; entries that are empty are left out."""

    balances: Mapping[int, Balance] = field(default_factory=dict)
    positions: Mapping[int, Position] = field(default_factory=dict)
    orders: Mapping[int, OpenOrders] = field(default_factory=dict)
    """By instrument."""
    settings: Settings = DEFAULT
    distress: Distress = distress.NONE
    """What is remembered of its liquidation."""
    release_at: Seconds = Seconds(0)
    """Until when it is bound: nothing leaves it, and it may be made to take over."""


NEW: Final = Account()


def compute_account(owner: Address, number: int) -> AccountId:
    """Return the account of ``owner`` with ``number``."""
    return AccountId(owner << 96 | number)


def get_owner(account: AccountId) -> Address:
    """Return the owner of ``account``."""
    return Address(account >> 96)


def get_balance(account: Account, asset: int) -> Balance:
    """Return what the account has of ``asset``."""
    return account.balances.get(asset, EMPTY)


def get_position(account: Account, market: int) -> Position:
    """Return what the account has in ``market``."""
    return account.positions.get(market, FLAT)


def with_balance(account: Account, asset: int, balance: Balance) -> Account:
    """Return ``account`` with its balance of ``asset`` set; refuse a ninth asset."""
    balances = {**account.balances, asset: balance}
    if balance == EMPTY:
        del balances[asset]
    if len(balances.keys() - {USDC}) > MAX_ASSETS:
        raise TooManyAssets
    return replace(account, balances=balances)


def with_position(account: Account, market: int, position: Position) -> Account:
    """Return ``account`` with its position set; refuse a ninth market."""
    positions = {**account.positions, market: position}
    if position == FLAT:
        del positions[market]
    if len(positions) > MAX_MARKETS:
        raise TooManyMarkets
    return replace(account, positions=positions)


def get_orders(account: Account, instrument: int) -> OpenOrders:
    """Return what the account has resting in ``instrument``."""
    return account.orders.get(instrument, NONE)


def with_orders(account: Account, instrument: int, orders: OpenOrders) -> Account:
    """Return ``account`` with its resting orders in an instrument set."""
    changed = {**account.orders, instrument: orders}
    if orders == NONE:
        del changed[instrument]
    return replace(account, orders=changed)


def is_bound(account: Account, now: Seconds) -> bool:
    """Return whether nothing may leave ``account`` now."""
    return account.release_at > now


def is_authorised(
    operators: Mapping[tuple[AccountId, Address], int],
    account: AccountId,
    actor: Address,
    right: int,
) -> bool:
    """Return whether ``actor`` owns ``account`` or was given ``right`` over it."""
    if get_owner(account) == 0:
        return False
    if actor == get_owner(account):
        return True
    return operators.get((account, actor), 0) & right == right


def require_authorised(
    operators: Mapping[tuple[AccountId, Address], int],
    account: AccountId,
    actor: Address,
    right: int,
) -> None:
    """Refuse unless ``actor`` owns ``account`` or was given ``right`` over it."""
    if not is_authorised(operators, account, actor, right):
        raise NotAuthorised


def require_user(account: AccountId) -> None:
    """Refuse an account that belongs to the protocol."""
    if get_owner(account) == 0:
        raise ReservedAccount
