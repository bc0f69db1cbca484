"""
Layer 2 of fields: what a function reads in one word, or of an account in storage.

What a word holds and where is said once, in `specs/packing.py`.
"""

from typing import Any

from specs import accounts, errors, packing
from specs.packing import Word, get_field
from tests.proofs.exposed import TIME, same

HEADER = {"header": ("headers", "account")}
NOW = {"now": (TIME,)}


def field(word: int, layout: Word, name: str) -> int:
    """Return one field of a word."""
    return get_field(word, layout[name])


def flag(header: int, name: str) -> bool:
    """Return one of the settings in a header."""
    return field(header, packing.HEADER, name) != 0


# Accounts


class Operators:
    """The rights that one actor has over one account."""

    def __init__(self, rights: Any):
        self.rights = rights

    def get(self, key: Any, default: int) -> Any:
        """Return the rights."""
        return self.rights


def is_authorised(account: int, actor: int, right: int, rights: int) -> bool:
    """Do as the specification with the rights in a word."""
    return accounts.is_authorised(Operators(rights), account, actor, right)


def require_authorised(account: int, actor: int, right: int, rights: int) -> tuple[()]:
    """Do as the specification with the rights in a word."""
    accounts.require_authorised(Operators(rights), account, actor, right)
    return ()


def require_user(account: int) -> tuple[()]:
    """Refuse as the specification does."""
    accounts.require_user(account)
    return ()


def is_bound(account: int, header: int, now: int) -> bool:
    """Return whether an account with that header is bound."""
    release_at = field(header, packing.HEADER, "release_at")
    return accounts.is_bound(accounts.Account(release_at=release_at), now)


def require_free(account: int, header: int, now: int) -> tuple[()]:
    """Refuse an account that is bound."""
    if is_bound(account, header, now):
        raise errors.Bound
    return ()


RIGHTS = {"rights": ("operators", "account", "actor")}
EACH_RIGHT = tuple(
    {"right": right} for right in (accounts.TRADE, accounts.WITHDRAW, accounts.RIGHTS)
)

ACCOUNTS = (
    same(
        "accounts._owner",
        accounts.get_owner,
        ("account >> 96, address", "account >> 97, address"),
    ),
    same(
        "accounts._is_authorised",
        is_authorised,
        ("& right == right", "& right != 0"),
        ("    if actor == owner:\n        return True\n", ""),
        ("    if owner == empty(address):\n        return False\n", ""),
        reads=RIGHTS,
        cases=EACH_RIGHT,
    ),
    same(
        "accounts._require_authorised",
        require_authorised,
        (
            "assert self._is_authorised(account, actor, right)",
            "assert not self._is_authorised(account, actor, right)",
        ),
        reads=RIGHTS,
        cases=EACH_RIGHT,
    ),
    same(
        "accounts._require_user",
        require_user,
        ("assert account >> 96 != 0", "assert account >> 95 != 0"),
    ),
    same(
        "accounts._assets",
        lambda header: field(header, packing.HEADER, "assets"),
        ("return header >> 192", "return header >> 184"),
    ),
    same(
        "accounts._markets",
        lambda header: field(header, packing.HEADER, "markets"),
        ("return (header >> 128) & _LIST", "return header >> 128"),
    ),
    same(
        "accounts._is_auto_lending",
        lambda header: not flag(header, "is_idling"),
        ("header & _IS_IDLING == 0", "header & _IS_IDLING != 0"),
    ),
    same(
        "accounts._is_auto_repaying",
        lambda header: not flag(header, "is_not_repaying"),
        (
            "_IS_NOT_REPAYING: constant(uint256) = 8",
            "_IS_NOT_REPAYING: constant(uint256) = 16",
        ),
    ),
    same(
        "accounts._is_auto_borrowing",
        lambda header: not flag(header, "is_not_borrowing"),
        (
            "_IS_NOT_BORROWING: constant(uint256) = 4",
            "_IS_NOT_BORROWING: constant(uint256) = 12",
        ),
    ),
    same(
        "accounts._is_auto_realizing",
        lambda header: flag(header, "is_realising"),
        ("header & _IS_REALISING != 0", "header & _IS_REALISING == 0"),
    ),
    same(
        "accounts._max_leverage",
        lambda header: field(header, packing.HEADER, "max_leverage"),
        ("(header >> 8) & MAX_LEVERAGE", "header & MAX_LEVERAGE"),
    ),
    same(
        "accounts._release_at",
        lambda header: field(header, packing.HEADER, "release_at"),
        ("packing._get(header, 32, 32)", "packing._get(header, 32, 33)"),
    ),
    same(
        "accounts._is_bound",
        is_bound,
        ("> block.timestamp", ">= block.timestamp"),
        reads=HEADER | NOW,
    ),
    same(
        "accounts._require_free",
        require_free,
        ("assert not self._is_bound(account)", "assert self._is_bound(account)"),
        reads=HEADER | NOW,
    ),
)

# Positions


def is_behind(word: int, risk: int) -> bool:
    """Return whether a position with a size has met fewer or more epochs."""
    epoch = field(word, packing.POSITION, "epoch")
    lots = field(word, packing.POSITION, "lots")
    return lots != 0 and epoch != field(risk, packing.RISK, "epochs")


def pack(lots: int, basis: int) -> int:
    """Return the word of a position that has met no epoch, outside the tick set."""
    fields = {"lots": lots, "basis": basis, "epoch": 0, "entry": 0}
    return packing.pack(fields, packing.POSITION)


POSITIONS = (
    same(
        "perpetual._lots",
        lambda word: field(word, packing.POSITION, "lots"),
        ("int256) >> 192", "int256) >> 191"),
    ),
    same(
        "perpetual._basis",
        lambda word: field(word, packing.POSITION, "basis"),
        ("convert(word << 64, bytes32)", "convert(word << 63, bytes32)"),
    ),
    same(
        "perpetual._entry",
        lambda word: field(word, packing.POSITION, "entry"),
        ("return word & (2**24 - 1)", "return word & (2**25 - 1)"),
    ),
    same(
        "perpetual._epoch",
        lambda word: field(word, packing.POSITION, "epoch"),
        ("return (word >> 24) & (2**24 - 1)", "return (word >> 24) & (2**23 - 1)"),
    ),
    same(
        "perpetual._epochs",
        lambda risk: field(risk, packing.RISK, "epochs"),
        ("return risk >> EPOCHS\n", "return risk >> 232\n"),
    ),
    same(
        "perpetual._is_behind",
        is_behind,
        (
            "!= risk >> EPOCHS and word >> 192 != 0",
            "!= risk >> EPOCHS and word >> 64 != 0",
        ),
        (
            "EPOCHS_MET: constant(uint256) = (2**24 - 1) << 24",
            "EPOCHS_MET: constant(uint256) = (2**24 - 1) << 25",
        ),
    ),
    same(
        "perpetual._pack",
        pack,
        (
            "packing._fit_signed(lots, 64) << 192",
            "packing._fit_signed(lots, 65) << 192",
        ),
        (
            "packing._fit_signed(basis, 128) << 64",
            "packing._fit_signed(basis, 128) << 63",
        ),
    ),
    same(
        "perpetual._lot",
        lambda risk: 10 ** field(risk, packing.RISK, "lot_exponent"),
        ("10 ** ((risk >> 184) & 255)", "10 ** ((risk >> 184) & 127)"),
        fits=lambda risk: field(risk, packing.RISK, "lot_exponent") <= 77,
    ),
    same(
        "virtual_pnl._exponent",
        lambda risk: field(risk, packing.RISK, "lot_exponent"),
        ("return (risk >> 184) & 255", "return risk >> 184"),
    ),
    same(
        "settlement._funding_index",
        lambda market, word: field(word, packing.FUNDING, "index"),
        (
            "state.market_funding[market], bytes32), int256) >> 128",
            "state.market_funding[market], bytes32), int256) >> 127",
        ),
        reads={"word": ("market_funding", "market")},
    ),
)

# Balances, orders, quotes

BALANCES = (
    same(
        "money_market._scaled",
        lambda word: field(word, packing.BALANCE, "scaled"),
        (
            "return convert(convert(word, bytes32), int256) >> 128",
            "return convert(convert(word, bytes32), int256) >> 127",
        ),
    ),
    same(
        "money_market._idle",
        lambda word: field(word, packing.BALANCE, "idle"),
        ("    return word & _LOW_128\n", "    return word >> 128\n"),
    ),
    same(
        "open_orders._bids",
        lambda word: field(word, packing.OPEN_ORDERS, "bids"),
        ("    return word >> 128\n", "    return word >> 127\n"),
    ),
    same(
        "open_orders._asks",
        lambda word: field(word, packing.OPEN_ORDERS, "asks"),
        ("    return word & _LOW_128\n", "    return word\n"),
    ),
    same(
        "open_orders._codes",
        lambda header: field(header, packing.HEADER, "orders"),
        ("(header >> _OFFSET) & _BITS", "header >> _OFFSET"),
    ),
    same(
        "margin._quote",
        lambda word: (
            field(word, packing.QUOTE, "slow"),
            field(word, packing.QUOTE, "fast"),
            field(word, packing.QUOTE, "time"),
        ),
        ("((word >> 96) & _LOW_80) * PRICE_UNIT", "(word >> 96) * PRICE_UNIT"),
        ("(word >> 64) & _LOW_32", "(word >> 63) & _LOW_32"),
    ),
)

PROOFS = (*ACCOUNTS, *POSITIONS, *BALANCES)
