"""One call of every external function, in a scene in which most of them succeed."""

from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.quotes import SPOT
from tests.helpers import worlds
from tests.helpers.deployers import address_of, curve_fields, fields
from tests.helpers.protocol import PUBLISHER
from tests.helpers.worlds import BTC, ETH

OWNER, GOVERNOR, STRANGER = worlds.BULL, worlds.GOVERNOR, worlds.STRANGER
VENUE, LIQUIDATOR = worlds.VENUE, worlds.LIQUIDATOR
TRADER, WITHDRAWER, BOOK = (n << 96 for n in (0x7AD, 0x817D, 0xB00C))
ROLES = {
    "owner": OWNER,
    "trading operator": TRADER,
    "withdrawing operator": WITHDRAWER,
    "stranger": STRANGER,
    "governor": GOVERNOR,
    "trade venue": VENUE,
    "liquidation venue": LIQUIDATOR,
    "book": BOOK,
}
ACCOUNT, SECOND = account_of(OWNER, 0), account_of(OWNER, 1)
OTHER = account_of(worlds.BEAR, 0)
SOMEONE = address_of(0x50BE << 96)
UNSIGNED = bytes(65)

QUOTE = (ACCOUNT, 0, True, 10, 1, 60_000 * WAD, 5, 2**40, 0)
BID = (OTHER, SPOT + BTC, True, 10**15, 1, 60_000 * WAD, 6, 2**40, 0)
ASK = (OTHER, 0, False, 10, 1, 60_000 * WAD, 5, 2**40, 0)

CURVE = curve_fields(worlds.CURVE)
HAIRCUT = fields(worlds.HAIRCUTS[BTC])
REQUIREMENT = fields(worlds.REQUIREMENTS[BTC])
PERPETUAL = fields(worlds.PERPETUALS[0])
FEES = fields(worlds.FEES)


def calls_of(made):
    """Return the arguments of one call of each function, by contract and name."""
    listing = made.contracts["MockToken"].address, CURVE, HAIRCUT, REQUIREMENT, FEES
    return {
        "Clearinghouse": {**VAULT_CALLS, "list_asset": (9, *listing)},
        "PriceOracle": ORACLE_CALLS,
        "QuoteDesk": DESK_CALLS,
        "Liquidator": LIQUIDATOR_CALLS,
        "Lens": LENS_CALLS,
    }


PLAIN_VIEWS = (
    "governor",
    "funds",
    "TRADE_CODE",
    "SETTLE_CODE",
    "LIQUIDATION_CODE",
    "GOVERNANCE_CODE",
    "ACCOUNT_CODE",
    "MARGIN_CODE",
)
BY_NUMBER = (
    "token",
    "curve",
    "risk",
    "market_risk",
    "pool_index",
    "pool_total",
    "pool_cash",
    "pool_idle",
    "quote",
    "market_quote",
    "market_funding",
    "market_premium",
    "market_fund",
    "market_size",
)
VAULT_CALLS = {
    **dict.fromkeys(PLAIN_VIEWS, ()),
    **dict.fromkeys(BY_NUMBER, (BTC,)),
    "headers": (ACCOUNT,),
    "balances": (ACCOUNT, USDC),
    "positions": (ACCOUNT, 0),
    "venues": (SOMEONE,),
    "operators": (ACCOUNT, SOMEONE),
    "assess": (ACCOUNT,),
    "is_authorised": (ACCOUNT, SOMEONE, 1),
    "deposit": (SECOND, USDC, 10**6),
    "repay": (ACCOUNT, ETH, 10),
    "withdraw": (ACCOUNT, USDC, 10**6, SOMEONE),
    "borrow": (ACCOUNT, ETH, 10**15, SOMEONE),
    "transfer": (ACCOUNT, SECOND, USDC, WAD),
    "lend": (ACCOUNT, USDC, WAD),
    "unlend": (ACCOUNT, USDC, WAD),
    "set_operator": (ACCOUNT, SOMEONE, 1),
    "set_auto_lend": (ACCOUNT, True),
    "fill_perp": (0, ACCOUNT, OTHER, 10, 60_000 * WAD, True),
    "convert": (BTC, ACCOUNT, OTHER, 10**15, 60_000 * WAD),
    "fill_spot": (BTC, ACCOUNT, OTHER, 10**15, 60_000 * WAD, True),
    "tick": ([BTC], [0]),
    "realise": (0, [ACCOUNT]),
    "open_takeover": (ACCOUNT,),
    "take_over": (OTHER, WAD),
    "close_takeover": (),
    "list_market": (9, BTC, 14, 3600, PERPETUAL, FEES, 0),
    "set_curve": (BTC, CURVE),
    "set_asset_risk": (BTC, HAIRCUT, REQUIREMENT, FEES),
    "set_market_risk": (0, PERPETUAL, FEES),
    "set_fund_cap": (0, WAD),
    "set_venue": (SOMEONE, 4),
    "set_governor": (SOMEONE,),
}
ORACLE_CALLS = {
    **dict.fromkeys(("GOVERNOR", "version", "quorum", "domain_separator"), ()),
    **dict.fromkeys(("asset_of", "feed", "spot_band"), (BTC,)),
    **dict.fromkeys(("market_of", "mark", "band"), (0,)),
    "weight_of": (SOMEONE,),
    "publish": ([], []),
    "observe": (0, 60_000 * WAD),
    "list_asset": (ETH, 2_500, 50_000),
    "list_market": (1, BTC, 300, 4_000, 30_000, SOMEONE),
    "set_book": (0, SOMEONE),
    "set_publisher": (address_of(PUBLISHER), 7),
    "set_threshold": (1,),
}
DESK_CALLS = {
    "CLEARINGHOUSE": (),
    "ORACLE": (),
    "nonce_words": (ACCOUNT, 0),
    "quote_digest": (QUOTE,),
    "cross": (QUOTE, UNSIGNED, ASK, UNSIGNED),
    "take": (ASK, UNSIGNED, ACCOUNT, 5),
    "convert": (BID, UNSIGNED, ACCOUNT, 10**15),
    "cancel": (ACCOUNT, 8),
    "cancel_word": (ACCOUNT, 1, 3),
}
LIQUIDATOR_CALLS = {
    "CLEARINGHOUSE": (),
    "capacity": (SECOND,),
    "provider_at": (0,),
    "provider_count": (),
    "remaining": (SECOND,),
    "usage": (SECOND,),
    "can_liquidate": (ACCOUNT,),
    "pledge": (ACCOUNT, WAD, WAD),
    "unpledge": (SECOND,),
    "drop": (SECOND,),
    "liquidate": (ACCOUNT,),
}
LENS_CALLS = {
    **dict.fromkeys(("CLEARINGHOUSE", "assets", "markets"), ()),
    **dict.fromkeys(("asset", "pool", "reserves"), (BTC,)),
    "market": (0,),
    "holdings": (ACCOUNT,),
    "positions": (ACCOUNT,),
    "unrealised": (0, [ACCOUNT]),
    "health": ([ACCOUNT, OTHER],),
}


def arrange(made):
    """Enrol everybody, and give the account deposits, debts and positions."""
    made.deploy("MockToken", "Unlisted", "NEW", 18)
    made.govern("set_venue", address_of(LIQUIDATOR), ch.LIQUIDATION_VENUE)
    vault = made.contracts["Clearinghouse"].address
    for caller in map(address_of, ROLES.values()):
        for token in made.tokens.values():
            made.chain.send(caller, token, "mint", caller, 2**100)
            made.chain.send(caller, token, "approve", vault, 2**255)
    made.send(GOVERNOR, "PriceOracle", "list_asset", BTC, 2_500, 50_000)
    book = address_of(BOOK)
    made.send(GOVERNOR, "PriceOracle", "list_market", 0, BTC, 300, 4_000, 30_000, book)
    for account in (ACCOUNT, SECOND):
        for operator, rights in ((TRADER, 1), (WITHDRAWER, 2)):
            arguments = account, address_of(operator), rights
            made.send(OWNER, "Clearinghouse", "set_operator", *arguments)
    for owner, asset, tokens in DEPOSITS:
        made.send(owner, "Clearinghouse", "deposit", owner << 96, asset, tokens)
    made.send(STRANGER, "MockPrices", "set_mark", 0, 60_000 * WAD, 0)
    for asset, price in worlds.PRICES.items():
        made.send(STRANGER, "MockPrices", "set_feed", asset, price, price)
    made.send(STRANGER, "Clearinghouse", "tick", [BTC, ETH], [0])
    made.send(OWNER, "Clearinghouse", "borrow", ACCOUNT, ETH, 10**17, SOMEONE)
    made.send(OWNER, "Clearinghouse", "set_auto_lend", ACCOUNT, False)
    made.send(OWNER, "Clearinghouse", "deposit", ACCOUNT, USDC, 100 * 10**6)
    made.send(OWNER, "Liquidator", "pledge", SECOND, WAD, WAD)


DEPOSITS = [
    (worlds.HEDGER, ETH, 20 * 10**18),
    (worlds.BEAR, USDC, 30_000 * 10**6),
    (worlds.BEAR, BTC, 10**8),
    (OWNER, USDC, 30_000 * 10**6),
]
