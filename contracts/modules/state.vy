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

from ..interfaces import IClearinghouse

# Who may change parameters. Never zero.
governor: public(address)
# Roles of the contracts that may fill and liquidate.
venues: public(HashMap[address, uint256])
# Who may pause what raises risk; zero for nobody.
guardian: public(address)
# Seconds that a change which loosens must have been queued.
delay: public(uint256)
# When a change was queued, by the hash of its calldata; 0 if it was not.
queued: public(HashMap[bytes32, uint256])
# Rights that an account's owner gave to others: account, operator.
operators: public(HashMap[uint256, HashMap[address, uint256]])

# Asset: lend index 112 | borrow index 112 | accrued at 32.
pool_index: public(HashMap[uint256, uint256])
# Asset: scaled lends 128, signed | scaled borrows 128; the sums of all balances and of
# interest on unrealised PnL, I3.
pool_total: public(HashMap[uint256, uint256])
# Asset: cash 128 | scaled lend of the reserve 128.
pool_cash: public(HashMap[uint256, uint256])
# Asset: idle 128.
pool_idle: public(HashMap[uint256, uint256])
# Asset: borrow cap 40 | supply cap 40 | paused 1 | halted 1 | reserve share 24 | optimal 24 | slope high 40 | low 40 | base 40.
curve: public(HashMap[uint256, uint256])
# Asset: listed 8 | decimals 8 | address 160.
token: public(HashMap[uint256, uint256])
# Asset: slow 80 | fast 80 | time 32 | weight 24 | haircut factor 40.
quote: public(HashMap[uint256, uint256])
# Asset: taker 24 | maker 24 | MMF factor 40 | IMF factor 40 | base MMF 24 | IMF 24.
risk: public(HashMap[uint256, uint256])
# Asset: average 72 | averaged at 32 | admissible 24 | step 32 | highest utilisation 16
# | throttle's threshold 16 | its share 16 | outflow's share 16 | its floor 32.
guards: public(HashMap[uint256, uint256])
# All liquidity funds: sum 128, signed | sum of what each has beyond W - V, 128.
funds: public(uint256)
# Unrealised gains W 128 | unrealised losses V 128, of all markets' tick sets.
virtuals: public(uint256)

# Market: mark 80 | mark at the fast index 80 | time 32 | open interest's part of the
# IMF 24 | scale of the MMF 16 | scale of the IMF 16.
market_quote: public(HashMap[uint256, uint256])
# Market: epochs of auto-deleveraging so far 23 | paused 1 | listed 8 | interval 32
# | lot 8 | underlying 8 | the fields of `risk`.
market_risk: public(HashMap[uint256, uint256])
# Market: index 128, signed | rate 64, signed | updated at 32 | interval start 32.
market_funding: public(HashMap[uint256, uint256])
# Market: premium times time 128, signed | premium 64, signed.
market_premium: public(HashMap[uint256, uint256])
# Market: fund 112, signed, at least minus the cap | V - W 112, signed | cap 32.
market_fund: public(HashMap[uint256, uint256])
# Market: most open interest 64 | largest position 64 | smallest in the tick set 32
# | factor of open interest 40 | reference volatility 32 | largest scale 16.
market_limits: public(HashMap[uint256, uint256])
# Market: credit for gains 64 | forced realisation: an account's gain 64, all gains 64.
market_cull: public(HashMap[uint256, uint256])
# Market: losers' cost 128, signed | losers' lots 64, signed | open interest 64, the sum
# of all longs and of all shorts, I19.
market_size: public(HashMap[uint256, uint256])
# Market: winners' cost 128, signed | winners' lots 64, signed.
market_winners: public(HashMap[uint256, uint256])
# Market: sums of price times weight, for lenders 128 | for borrowers 128, both modular.
market_growth: public(HashMap[uint256, uint256])
# Market: price 80 and weights of lend and borrow index 64 each, up to where it is booked.
market_cursor: public(HashMap[uint256, uint256])
# Market, tick: growth on the side of the tick where the cursor is not, as above.
tick_growth: public(HashMap[uint256, HashMap[uint256, uint256]])
# Market, tick: lots that entered there, long 64 | short 64.
tick_size: public(HashMap[uint256, HashMap[uint256, uint256]])
# Market, word: bits of the ticks that have a size; word 256 has the bits of the words.
tick_map: public(HashMap[uint256, HashMap[uint256, uint256]])

# Account: assets 8 x 8 | markets 8 x 8 | orders 64 x 1 | release at 32 | highest
# leverage 8 | settings; the lists and bits name what is not zero, I18.
headers: public(HashMap[uint256, uint256])
# Account, asset: scaled 128, signed | idle 128.
balances: public(HashMap[uint256, HashMap[uint256, uint256]])
# Account, market: lots 64, signed | basis 128, signed | epochs met 24 | entry tick plus
# one 24. Of the inventory, account 3: what epochs have yet to close, I52.
positions: public(HashMap[uint256, HashMap[uint256, uint256]])
# Account, market: growth at the entry tick that the position has been paid, as above.
snapshots: public(HashMap[uint256, HashMap[uint256, uint256]])

# Account, instrument's code: resting bids 128 | asks 128, lots or WAD, I17.
orders: public(HashMap[uint256, HashMap[uint256, uint256]])

# Market: what its epochs have yet to close of longs 64 | of shorts 64.
market_pending: public(HashMap[uint256, uint256])
# Market, epoch: lots 64 | open interest that they reduce 64 | price 80 | of longs 1.
epoch_terms: public(HashMap[uint256, HashMap[uint256, uint256]])
# Market, epoch: funding index 128, signed | carry 64 | lots not yet closed 64.
epoch_state: public(HashMap[uint256, HashMap[uint256, uint256]])

# Account: flagged as due at 32 | last sliced at 32.
distress: public(HashMap[uint256, uint256])

# The slice that is open in this transaction; none if its account is 0.
opened_slice: transient(IClearinghouse.Slice)

# The account that a takeover is open on in this transaction, its discount, by how much
# its value was below nothing, its equity over its maintenance margin, and whether it may
# be deleveraged.
takeover_account: transient(uint256)
takeover_discount: transient(uint256)
takeover_deficit: transient(uint256)
takeover_ratio: transient(uint256)
takeover_may_deleverage: transient(bool)
