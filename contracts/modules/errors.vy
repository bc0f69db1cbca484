# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Reasons for refusing
@license Apache-2.0
@notice Every reason for which a call can be refused, once; lower case, at most 32
        characters. One exception class of `specs/errors.py` belongs to each.
@custom:spec specs/errors.py
"""

# Anyone
ZERO_AMOUNT: constant(String[32]) = "zero amount"
AMOUNT_TOO_LARGE: constant(String[32]) = "amount too large"
NOT_AUTHORISED: constant(String[32]) = "not authorised"
NOT_GOVERNOR: constant(String[32]) = "not the governor"
NOT_VENUE: constant(String[32]) = "not a venue"
OUT_OF_BOUNDS: constant(String[32]) = "out of bounds"
LENGTH_MISMATCH: constant(String[32]) = "length mismatch"
UNKNOWN_SELECTOR: constant(String[32]) = "unknown function"

# Custody
UNKNOWN_ASSET: constant(String[32]) = "unknown asset"
UNKNOWN_MARKET: constant(String[32]) = "unknown market"
ALREADY_LISTED: constant(String[32]) = "already listed"
TRANSFER_FAILED: constant(String[32]) = "transfer failed"
TRANSFER_SHORT: constant(String[32]) = "transfer fell short"
WRONG_RECEIVER: constant(String[32]) = "wrong receiver"
INSUFFICIENT_BALANCE: constant(String[32]) = "insufficient balance"
INSUFFICIENT_CASH: constant(String[32]) = "insufficient cash"
NO_DEBT: constant(String[32]) = "no debt"
WRONG_OWNER: constant(String[32]) = "wrong owner"
SAME_ACCOUNT: constant(String[32]) = "same account"
RESERVED_ACCOUNT: constant(String[32]) = "reserved account"
ASSET_NOT_ENABLED: constant(String[32]) = "asset not enabled"
TOO_MANY_ASSETS: constant(String[32]) = "too many assets"
TOO_MANY_MARKETS: constant(String[32]) = "too many markets"
POOL_HALTED: constant(String[32]) = "pool halted"
SUPPLY_CAP_REACHED: constant(String[32]) = "supply cap reached"
BORROW_CAP_REACHED: constant(String[32]) = "borrow cap reached"
UTILISATION_TOO_HIGH: constant(String[32]) = "utilisation too high"
OUTFLOW_TOO_LARGE: constant(String[32]) = "outflow too large"

# Margin
BELOW_INITIAL_MARGIN: constant(String[32]) = "below initial margin"
STALE_PRICE: constant(String[32]) = "stale price"
PRICES_DIVERGE: constant(String[32]) = "prices diverge"

# Perpetuals
PRICE_OUT_OF_BAND: constant(String[32]) = "price out of band"
PAUSED: constant(String[32]) = "paused"
REDUCE_ONLY: constant(String[32]) = "reduce only"
POSITION_LIMIT_REACHED: constant(String[32]) = "position limit reached"
OPEN_INTEREST_LIMIT_REACHED: constant(String[32]) = "open interest limit reached"
NOT_CONVERTIBLE: constant(String[32]) = "not convertible"
WRONG_COLLATERAL: constant(String[32]) = "wrong collateral"

# Oracle
NOT_PUBLISHER: constant(String[32]) = "not a publisher"
DUPLICATE_PUBLISHER: constant(String[32]) = "duplicate publisher"
TOO_FEW_REPORTS: constant(String[32]) = "too few reports"
REPORT_FROM_FUTURE: constant(String[32]) = "report from the future"
REPORT_TOO_OLD: constant(String[32]) = "report too old"
REPORT_NOT_LATER: constant(String[32]) = "report not later"
REPORTS_TOO_FAR_APART: constant(String[32]) = "reports too far apart"
ALREADY_PUBLISHED: constant(String[32]) = "already published"
PRICE_OUT_OF_RANGE: constant(String[32]) = "price out of range"
DUPLICATE_ASSET: constant(String[32]) = "duplicate asset"
NOT_BOOK: constant(String[32]) = "not the book"

# Quotes
BAD_SIGNATURE: constant(String[32]) = "bad signature"
QUOTE_EXPIRED: constant(String[32]) = "quote expired"
NONCE_USED: constant(String[32]) = "nonce used"
WRONG_COUNTERPARTY: constant(String[32]) = "wrong counterparty"
SAME_SIDE: constant(String[32]) = "same side"
WRONG_INSTRUMENT: constant(String[32]) = "wrong instrument"
QUOTES_DO_NOT_CROSS: constant(String[32]) = "quotes do not cross"
SIZE_TOO_SMALL: constant(String[32]) = "size too small"
SIZE_TOO_LARGE: constant(String[32]) = "size too large"
CROSSED_QUOTE: constant(String[32]) = "crossed quote"
UNKNOWN_REQUEST: constant(String[32]) = "unknown request"
REQUEST_EXPIRED: constant(String[32]) = "request expired"
WRONG_REQUEST: constant(String[32]) = "wrong request"
WRONG_SIDE: constant(String[32]) = "wrong side"
TOO_MANY_REQUESTS: constant(String[32]) = "too many requests"
ALREADY_REQUESTED: constant(String[32]) = "already requested"

# Liquidation
NOT_LIQUIDATABLE: constant(String[32]) = "not liquidatable"
ABOVE_BACKSTOP_MARGIN: constant(String[32]) = "above backstop margin"
PRICE_TOO_FRESH: constant(String[32]) = "price too fresh"
ORDERS_OPEN: constant(String[32]) = "orders open"
SAME_OWNER: constant(String[32]) = "same owner"
BOUND: constant(String[32]) = "bound"
NOT_BOUND: constant(String[32]) = "not bound"
PROVIDER_BACKED: constant(String[32]) = "provider is backed"
NOT_PLEDGED: constant(String[32]) = "not pledged"
TOO_MANY_PROVIDERS: constant(String[32]) = "too many providers"
NO_TAKEOVER: constant(String[32]) = "no takeover open"
NO_SLICE: constant(String[32]) = "no slice open"
NO_EQUITY: constant(String[32]) = "no equity"
NOT_IMPROVED: constant(String[32]) = "not improved"
NOTHING_DUE: constant(String[32]) = "nothing due"
NOT_DELEVERAGED: constant(String[32]) = "not to be deleveraged"
EPOCHS_PENDING: constant(String[32]) = "epochs pending"
NOTHING_TAKEN: constant(String[32]) = "nothing taken"
NOT_ENOUGH_GAS: constant(String[32]) = "not enough gas"

# Governance
NOT_GUARDIAN: constant(String[32]) = "not the guardian"
NOT_PROPOSER: constant(String[32]) = "not the proposer"
NOT_QUEUED: constant(String[32]) = "not queued"
NOT_READY: constant(String[32]) = "not ready"
CHANGE_EXPIRED: constant(String[32]) = "change expired"
WITHOUT_SUPPLY_CAP: constant(String[32]) = "without supply cap"

# The order book
UNKNOWN_INSTRUMENT: constant(String[32]) = "unknown instrument"
NOT_ON_TICK: constant(String[32]) = "not on a tick"
ORDER_EXPIRED: constant(String[32]) = "order expired"
NOTHING_TO_REDUCE: constant(String[32]) = "nothing to reduce"
WOULD_TAKE: constant(String[32]) = "would take"
NOT_FILLED: constant(String[32]) = "not filled"
TOO_MANY_FILLS: constant(String[32]) = "too many fills"
SELF_TRADE: constant(String[32]) = "self trade"
TOO_MANY_ORDERS: constant(String[32]) = "too many orders"
