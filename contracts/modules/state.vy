# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title State
@license Apache-2.0
@notice The storage behind the Clearinghouse's address, shared by all its code bodies.
@dev Every body imports this module and nothing else that stores, so that all agree
     on where things are; a test compares their layouts. Words are packed as
     `packing` and `specs/packing.py` say; only accessors of the modules that own a
     word read or write it.
@custom:spec specs/state.py
"""

# Who may change parameters. Never zero.
governor: public(address)
# Roles of the contracts that may fill and liquidate.
venues: public(HashMap[address, uint256])
# Rights that an account's owner gave to others: account, operator.
operators: public(HashMap[uint256, HashMap[address, uint256]])

# Asset: lend index 112 | borrow index 112 | accrued at 32.
pool_index: public(HashMap[uint256, uint256])
# Asset: scaled lends 128 | scaled borrows 128; the sums of all balances, I3.
pool_total: public(HashMap[uint256, uint256])
# Asset: cash 128 | scaled lend of the reserve 128.
pool_cash: public(HashMap[uint256, uint256])
# Asset: idle 128.
pool_idle: public(HashMap[uint256, uint256])
# Asset: halted 8 | reserve share 24 | optimal 24 | slope high 40 | low 40 | base 40.
curve: public(HashMap[uint256, uint256])
# Asset: listed 8 | decimals 8 | address 160.
token: public(HashMap[uint256, uint256])
# Asset: slow 80 | fast 80 | time 32 | weight 24 | haircut factor 40.
quote: public(HashMap[uint256, uint256])
# Asset: taker 24 | maker 24 | MMF factor 40 | IMF factor 40 | base MMF 24 | IMF 24.
risk: public(HashMap[uint256, uint256])
# All liquidity funds: sum 128, signed | sum of the positive ones 128.
funds: public(uint256)

# Market: mark 80 | mark at the fast index 80 | time 32.
market_quote: public(HashMap[uint256, uint256])
# Market: listed 8 | interval 32 | lot 8 | underlying 8 | the fields of `risk`.
market_risk: public(HashMap[uint256, uint256])
# Market: index 128, signed | rate 64, signed | updated at 32 | interval start 32.
market_funding: public(HashMap[uint256, uint256])
# Market: premium times time 128, signed | premium 64, signed.
market_premium: public(HashMap[uint256, uint256])
# Market: fund 128, signed, at least minus the cap | cap 128.
market_fund: public(HashMap[uint256, uint256])
# Market: open interest 64, the sum of all longs and of all shorts, I19.
market_size: public(HashMap[uint256, uint256])

# Account: assets 8 x 8 | markets 8 x 8 | flags; the lists name what is not zero, I18.
headers: public(HashMap[uint256, uint256])
# Account, asset: scaled 128, signed | idle 128.
balances: public(HashMap[uint256, HashMap[uint256, uint256]])
# Account, market: lots 64, signed | basis 128, signed.
positions: public(HashMap[uint256, HashMap[uint256, uint256]])

# The account that a takeover is open on in this transaction, and its discount.
takeover_account: transient(uint256)
takeover_discount: transient(uint256)
