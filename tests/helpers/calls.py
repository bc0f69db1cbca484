"""One call of every external function, in a scene in which most of them succeed."""

from dataclasses import replace

from eth_abi import encode
from eth_utils.crypto import keccak

from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.governance import RAMP_STEP
from specs.quotes import SPOT
from tests.helpers import worlds
from tests.helpers.deployers import address_of, curve_fields, fields
from tests.helpers.protocol import DELAY, PUBLISHER, calldata
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
    "guardian": worlds.GUARDIAN,
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
PRICES = 59_000 * WAD, 61_000 * WAD
BOTH = (OTHER, 0, *PRICES, 10, 1, 9, 2**40, 0, 0)
BUYER = (OTHER, SPOT + BTC, *PRICES, 10**15, 1, 9, 2**40, 0, 0)
ANSWER = (OTHER, 0, *PRICES, 10, 1, 9, 2**40, 0, 1)
ASKED = (ACCOUNT, 0, 10, 2, 0, False)
"""What the account asks for, either to buy or to sell."""

CURVE = curve_fields(worlds.CURVE)
HAIRCUT = fields(worlds.HAIRCUTS[BTC])
REQUIREMENT = fields(worlds.REQUIREMENTS[BTC])
PERPETUAL = fields(worlds.PERPETUALS[0])
FEES = fields(worlds.FEES)
LIMITS = fields(worlds.LIMITS[0])
CULL = fields(worlds.CULLS[0])
SETTINGS = True, False, True, True, 5
IDLING = False, True, True, False, 0

VAULT = "Clearinghouse"
CHANGE = keccak(b"a change that waits")
RAISED = fields(replace(worlds.HAIRCUTS[ETH], weight=950_000))


def calls_of(made):
    """Return the arguments of one call of each function, by contract and name."""
    listing = made.contracts["MockToken"].address, CURVE, HAIRCUT, REQUIREMENT, FEES
    return {
        VAULT: {**VAULT_CALLS, "list_asset": (9, *listing)},
        "PriceOracle": ORACLE_CALLS,
        "QuoteDesk": {**DESK_CALLS, **request_calls(made)},
        "Liquidator": LIQUIDATOR_CALLS,
        "Lens": LENS_CALLS,
        "OrderBook": BOOK_CALLS,
        "BookLens": BOOK_LENS_CALLS,
        "Timelock": timelock_calls(made),
    }


def request_calls(made):
    """Return those of the desk that say until when something is asked for."""
    soon = made.chain.block().timestamp + 600
    return {"request": (*ASKED, soon, 0), "refresh": (1, 0, soon)}


def timelock_calls(made):
    """Return the timelock's; what it has to execute is the minting of a token."""
    data = calldata("MockToken", "mint", (SOMEONE, 1))
    call = made.tokens[USDC].address, data
    scheduled = keccak(encode(["address", "bytes"], call))
    return {
        "PROPOSER": (),
        "DELAY": (),
        "scheduled": (scheduled,),
        "execute": call,
        "schedule": call,
        "cancel": (scheduled,),
    }


PLAIN_VIEWS = (
    "governor",
    "guardian",
    "delay",
    "funds",
    "TRADE_CODE",
    "SETTLE_CODE",
    "LIQUIDATION_CODE",
    "GOVERNANCE_CODE",
    "ACCOUNT_CODE",
    "MARGIN_CODE",
    "SPOT_CODE",
    "ORDER_CODE",
    "FORCED_CODE",
    "DELEVERAGE_CODE",
    "SLICE_CODE",
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
    "guards",
    "quote",
    "market_quote",
    "market_funding",
    "market_premium",
    "market_fund",
    "market_size",
    "market_winners",
    "market_growth",
    "market_cursor",
    "market_limits",
    "market_cull",
    "market_pending",
)
VAULT_CALLS = {
    **dict.fromkeys(PLAIN_VIEWS, ()),
    **dict.fromkeys(BY_NUMBER, (BTC,)),
    "headers": (ACCOUNT,),
    "distress": (ACCOUNT,),
    "balances": (ACCOUNT, USDC),
    **dict.fromkeys(("positions", "position_of"), (ACCOUNT, 0)),
    "snapshots": (ACCOUNT, 0),
    "orders": (ACCOUNT, 0),
    **dict.fromkeys(("tick_growth", "tick_size"), (0, 17_838)),
    "tick_map": (0, 256),
    **dict.fromkeys(("epoch_terms", "epoch_state"), (0, 1)),
    "venues": (SOMEONE,),
    "queued": (CHANGE,),
    "operators": (ACCOUNT, SOMEONE),
    **dict.fromkeys(("assess", "conversion_of", "can_flag"), (ACCOUNT,)),
    "slice_end": (ACCOUNT,),
    "is_authorised": (ACCOUNT, SOMEONE, 1),
    "deposit": (SECOND, USDC, 10**6),
    "deposit_with_permit": (SECOND, USDC, 10**6, 0, 27, bytes(32), bytes(32)),
    "batch": (ACCOUNT, [(0, USDC, 10**6, SOMEONE), (5, USDC, WAD, SOMEONE)]),
    "repay": (ACCOUNT, ETH, 10),
    "withdraw": (ACCOUNT, USDC, 10**6, SOMEONE),
    "borrow": (ACCOUNT, ETH, 10**15, SOMEONE),
    "transfer": (ACCOUNT, SECOND, USDC, WAD),
    "lend": (ACCOUNT, USDC, WAD),
    "unlend": (ACCOUNT, USDC, WAD),
    "set_operator": (ACCOUNT, SOMEONE, 1),
    **dict.fromkeys(("bind", "give_notice", "is_bound"), (SECOND,)),
    "set_settings": (ACCOUNT, SETTINGS),
    "fill_perp": (0, ACCOUNT, OTHER, 10, 60_000 * WAD, True),
    "convert": (BTC, ACCOUNT, OTHER, 10**15, 60_000 * WAD),
    "fill_spot": (BTC, ACCOUNT, OTHER, 10**15, 60_000 * WAD, True),
    "reserve": (0, ACCOUNT, True, 10),
    "release": (0, OTHER, False, 5),
    "clear": (0, ACCOUNT, True, [(OTHER, 5, 60_000 * WAD, False)]),
    "clear_slice": (0, ACCOUNT, [(OTHER, 5, 60_000 * WAD, False)]),
    "open_slice": (ACCOUNT, 0),
    "close_slice": (0,),
    "flag": (ACCOUNT,),
    "clear_conversion": (ETH, ACCOUNT, [(OTHER, 10**15, 2_500 * WAD, False)]),
    "reducible": (ACCOUNT, 0, False),
    "tick": ([BTC], [0], worlds.CROSSINGS),
    "realise": (0, [ACCOUNT]),
    "open_takeover": (ACCOUNT, False),
    "take_over": (OTHER, WAD, WAD),
    "deleverage": (WAD,),
    "close_takeover": (),
    "list_market": (9, BTC, 14, 3600, PERPETUAL, FEES, 0),
    "set_curve": (BTC, CURVE),
    "set_asset_risk": (BTC, HAIRCUT, REQUIREMENT, FEES),
    "set_market_risk": (0, PERPETUAL, FEES),
    "set_fund_cap": (0, WAD),
    "set_caps": (BTC, 100 * WAD, 50 * WAD),
    "set_guards": (BTC, *worlds.GUARDS[BTC]),
    "set_limits": (0, LIMITS),
    "set_cull": (0, CULL),
    "set_delay": (3_600,),
    "set_guardian": (SOMEONE,),
    "ramp_weight": (ETH,),
    "queue": (CHANGE,),
    "cancel_change": (CHANGE,),
    "withdraw_reserve": (USDC, 10**6, SOMEONE),
    **dict.fromkeys(("pause_asset", "unpause_asset", "resume"), (BTC,)),
    **dict.fromkeys(("pause_market", "unpause_market"), (0,)),
    "set_venue": (SOMEONE, 4),
    "set_governor": (SOMEONE,),
}
ORACLE_CALLS = {
    **dict.fromkeys(("GOVERNOR", "version", "quorum", "domain_separator"), ()),
    **dict.fromkeys(("asset_of", "feed", "spot_band"), (BTC,)),
    **dict.fromkeys(("market_of", "mark", "band"), (0,)),
    "weight_of": (SOMEONE,),
    "publish": ([], []),
    "observe": (0, 60_000 * WAD, 2**32),
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
    "two_sided_digest": (BOTH,),
    "take_two_sided": (BOTH, UNSIGNED, ACCOUNT, 5, True),
    "convert_two_sided": (BUYER, UNSIGNED, ACCOUNT, 10**15),
    "request_count": (),
    "request_of": (1,),
    **dict.fromkeys(("standing", "conversion_requested"), (ACCOUNT,)),
    "answer": (1, ANSWER, UNSIGNED),
    "accept": (1, ANSWER, UNSIGNED, True),
    "cancel_request": (1,),
    "request_conversion": (ACCOUNT,),
    "cancel": (ACCOUNT, 8),
    "cancel_word": (ACCOUNT, 1, 3),
}
LIQUIDATOR_CALLS = {
    **dict.fromkeys(("CLEARINGHOUSE", "BOOK"), ()),
    "capacity": (SECOND,),
    "provider_at": (0,),
    "provider_count": (),
    **dict.fromkeys(("caps", "remaining", "results", "usage"), (SECOND,)),
    "can_liquidate": (ACCOUNT,),
    "can_reduce": (ACCOUNT, 0),
    "failed_at": (ACCOUNT,),
    "pace": (ACCOUNT, 0),
    "reduce": (ACCOUNT, 0, OTHER),
    "pledge": (SECOND, WAD, WAD, WAD, WAD),
    "unpledge": (SECOND,),
    "drop": (SECOND,),
    "liquidate": (ACCOUNT,),
}
LENS_CALLS = {
    **dict.fromkeys(("CLEARINGHOUSE", "assets", "markets"), ()),
    **dict.fromkeys(("asset", "pool", "guards", "reserves"), (BTC,)),
    "change": (CHANGE,),
    **dict.fromkeys(("market", "scales", "limits", "cull", "virtual"), (0,)),
    "ticks": (0, 0),
    **dict.fromkeys(("settings", "release_at", "credit", "debt_limit"), (ACCOUNT,)),
    "can_realise": (0, ACCOUNT),
    "holdings": (ACCOUNT,),
    "positions": (ACCOUNT,),
    "unrealised": (0, [ACCOUNT]),
    "health": ([ACCOUNT, OTHER],),
}
BOOK_CALLS = {
    **dict.fromkeys(("GOVERNOR", "CLEARINGHOUSE", "ORACLE"), ()),
    **dict.fromkeys(("top", "listing", "recent_volume"), (0,)),
    **dict.fromkeys(("listing_word", "top_word", "index_word", "order_word"), (0,)),
    "level_word": (0, 1),
    "maker_word": (ACCOUNT,),
    "account_of": (1,),
    "order": (1,),
    "refresh": (0,),
    "list_instrument": (SPOT + BTC, WAD // 10, 14, 5, 100 * WAD, 20_000),
    "convert": (ACCOUNT, SPOT + ETH, 1, 5),
    "liquidate": (ACCOUNT, 0, True, 1, 60_000 * WAD, 5),
    "place": ((ACCOUNT, 0, True, 10, 60_000 * WAD, 0, False, 0, 0), 5),
    "cancel": ([1],),
    "cancel_all": (ACCOUNT,),
}
BOOK_LENS_CALLS = {
    "BOOK": (),
    "depth": (0, True, 60_000 * WAD, 5),
    "orders": (ACCOUNT,),
    "queue": (0, 60_000 * WAD, 0, 5),
}


def arrange(made):
    """Enrol everybody, and give the account deposits, debts and positions."""
    made.deploy("MockToken", "Unlisted", "NEW", 18)
    announce(made)
    made.govern("set_venue", address_of(LIQUIDATOR), ch.LIQUIDATION_VENUE)
    vault = made.contracts[VAULT].address
    for caller in map(address_of, ROLES.values()):
        for token in made.tokens.values():
            made.chain.send(caller, token, "mint", caller, 2**100)
            made.chain.send(caller, token, "approve", vault, 2**255)
    made.send(GOVERNOR, "PriceOracle", "list_asset", BTC, 2_500, 50_000)
    book = address_of(BOOK)
    made.send(GOVERNOR, "PriceOracle", "list_market", 0, BTC, 300, 4_000, 30_000, book)
    listing = 0, WAD // 10, 14, 5, 100 * WAD, 20_000
    made.send(GOVERNOR, "OrderBook", "list_instrument", *listing)
    for account in (ACCOUNT, SECOND):
        for operator, rights in ((TRADER, 1), (WITHDRAWER, 2)):
            arguments = account, address_of(operator), rights
            made.send(OWNER, VAULT, "set_operator", *arguments)
    for owner, asset, tokens in DEPOSITS:
        made.send(owner, VAULT, "deposit", owner << 96, asset, tokens)
    made.send(STRANGER, "MockPrices", "set_mark", 0, 60_000 * WAD, 0)
    for asset, price in worlds.PRICES.items():
        made.send(STRANGER, "MockPrices", "set_feed", asset, price, price)
    made.send(STRANGER, VAULT, "tick", [BTC, ETH], [0], 1)
    sides = ACCOUNT, OTHER
    made.send(VENUE, VAULT, "fill_perp", 0, *sides, 1_000, 60_000 * WAD, True)
    made.send(BOOK, VAULT, "reserve", 0, OTHER, False, 10)
    made.send(OWNER, VAULT, "borrow", ACCOUNT, ETH, 10**17, SOMEONE)
    made.send(OWNER, VAULT, "set_settings", ACCOUNT, IDLING)
    made.send(OWNER, VAULT, "deposit", ACCOUNT, USDC, 100 * 10**6)
    made.send(OWNER, VAULT, "bind", SECOND)
    made.send(OWNER, "Liquidator", "pledge", SECOND, WAD, WAD, WAD, WAD)
    expiry = made.chain.block().timestamp + 80_000
    made.send(OWNER, "QuoteDesk", "request", *ASKED, expiry, 0)


def announce(made):
    """Let changes and a call wait, and a weight rise, while there are no prices."""
    made.send(GOVERNOR, "Timelock", "schedule", *timelock_calls(made)["schedule"])
    raised = "set_asset_risk", (ETH, RAISED, REQUIREMENT, FEES)
    made.govern("set_caps", ETH, 10**6 * WAD, 0)
    made.govern("set_delay", DELAY)
    for method, arguments in (raised, ("set_delay", (0,))):
        made.govern("queue", keccak(calldata(VAULT, method, arguments)))
    made.wait(DELAY)
    made.govern(raised[0], *raised[1])
    made.govern("set_delay", 0)
    made.govern("queue", CHANGE)
    made.govern("set_guardian", address_of(worlds.GUARDIAN))
    made.wait(RAMP_STEP)


DEPOSITS = [
    (worlds.HEDGER, ETH, 20 * 10**18),
    (worlds.BEAR, USDC, 30_000 * 10**6),
    (worlds.BEAR, BTC, 10**8),
    (OWNER, USDC, 30_000 * 10**6),
]
