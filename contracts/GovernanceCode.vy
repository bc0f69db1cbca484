# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title GovernanceCode
@license Apache-2.0
@notice Every parameter, in a bounded setter that only the governor calls; what the
        guardian may stop; a code body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which the governor is nobody. A change that loosens must have been queued, by the
     hash of its calldata, for as long as the delay; anything behind the arguments is
     not looked at. Of each setter: refuse, use the announcement up, accrue, write.
@custom:spec specs/governance.py
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import bounds
from .modules import custody
from .modules import delays
from .modules import errors
from .modules import fixed_point as fp
from .modules import guards as guarding
from .modules import loosening
from .modules import money_market
from .modules import packing
from .modules import pool_limits
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: custody[state := state]
initializes: guarding[state := state]
initializes: pool_limits[guards := guarding, state := state]

exports: (
    state.guardian,
    state.delay,
    state.queued,
    state.guards,
)

_DAY: constant(uint256) = 86_400
# The role of an order book, and what is left to one that lost it.
ORDER_VENUE: constant(uint256) = 4
RELEASE_VENUE: constant(uint256) = 8
# The least time in which a weight rises by whole parts per million, and by no more.
_RAMP_STEP: constant(uint256) = 216
# The hash of `set_guardian` with nobody: the guardian's dismissal.
_DISMISSAL: constant(bytes32) = (
    0x842d55fadd8a7034c71706f25a6f9350ba996a9907700e3f68914bc83314d5f3
)
# Bits of a curve's word, and of a market's risk word.
_HALTED: constant(uint256) = 1 << 168
_PAUSED: constant(uint256) = 1 << 169
_MARKET_PAUSED: constant(uint256) = 1 << 232


# Anyone


@external
def ramp_weight(asset: uint256):
    """
    @notice Raise an asset's weight towards its target, as far as the time since the
            last raise, at most a day, allows.
    @dev For assets with a supply cap only. Time counts in whole steps, in each of which
         the rise is exact, and the rest of it counts the next time. Before a step is
         over a call is refused.
    """
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    assert packing._get(state.curve[asset], 176, 40) != 0, errors.WITHOUT_SUPPLY_CAP
    risk: uint256 = state.risk[asset]
    quote: uint256 = state.quote[asset]
    elapsed: uint256 = min(block.timestamp - packing._get(risk, 200, 32), _DAY)
    rest: uint256 = elapsed % _RAMP_STEP
    before: uint256 = packing._get(quote, 40, 24)
    weight: uint256 = min(
        packing._get(risk, 176, 24),
        before + bounds.RAMP_PER_DAY * (elapsed - rest) // _DAY,
    )
    assert weight != before, errors.ZERO_AMOUNT
    state.quote[asset] = packing._set(quote, 40, 24, weight)
    state.risk[asset] = packing._set(risk, 200, 32, block.timestamp - rest)
    log IClearinghouse.WeightRamped(asset=asset, weight=weight, time=block.timestamp)


# Guardian and governor


@external
def cancel_change(change: bytes32):
    """
    @notice Take an announcement back. The guardian cannot object to its dismissal.
    """
    if change == _DISMISSAL:
        self._require_governor()
    self._require_guardian()
    assert state.queued[change] != 0, errors.NOT_QUEUED
    state.queued[change] = 0
    log IClearinghouse.ChangeCancelled(
        change=change, caller=msg.sender, time=block.timestamp
    )


@external
def pause_asset(asset: uint256):
    """
    @notice Stop borrows of an asset.
    """
    self._require_guardian()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    self._set_asset_paused(asset, True)


@external
def pause_market(market: uint256):
    """
    @notice Stop what makes a market's positions grow.
    """
    self._require_guardian()
    assert state.market_risk[market] != 0, errors.UNKNOWN_MARKET
    self._set_market_paused(market, True)


# Governor: what is announced, and who governs


@external
def queue(change: bytes32):
    """
    @notice Announce a call of a setter; announced again, it waits anew.
    @param change Hash of the whole calldata.
    """
    self._require_governor()
    state.queued[change] = block.timestamp
    log IClearinghouse.ChangeQueued(
        change=change, ready_at=block.timestamp + state.delay, time=block.timestamp
    )


@external
def set_venue(venue: address, roles: uint256):
    """
    @notice Give a contract exactly `roles`: 1 to fill, 2 to liquidate, 4 is kept for
            the order book. One that loses 4 keeps 8, which nobody gives or takes: to
            release what rests there, as its orders would else bind margin for ever.
    """
    self._require_governor()
    assert roles <= bounds.ROLES, errors.OUT_OF_BOUNDS
    old: uint256 = state.venues[venue]
    self._settle(
        keccak256(slice(msg.data, 0, 68)), loosening._adds_roles(old, roles)
    )
    stored: uint256 = roles
    if old & (ORDER_VENUE | RELEASE_VENUE) != 0 and roles & ORDER_VENUE == 0:
        stored |= RELEASE_VENUE
    state.venues[venue] = stored
    log IClearinghouse.VenueSet(venue=venue, roles=stored, time=block.timestamp)


@external
def set_governor(governor: address):
    """
    @notice Hand the governor's powers to another address.
    """
    self._require_governor()
    assert governor != empty(address), errors.OUT_OF_BOUNDS
    self._settle(keccak256(slice(msg.data, 0, 36)), True)
    state.governor = governor
    log IClearinghouse.GovernorSet(governor=governor, time=block.timestamp)


@external
def set_guardian(guardian: address):
    """
    @notice Name the guardian, or nobody; to replace or dismiss one loosens.
    """
    self._require_governor()
    old: address = state.guardian
    self._settle(
        keccak256(slice(msg.data, 0, 36)), old != empty(address) and old != guardian
    )
    state.guardian = guardian
    log IClearinghouse.GuardianSet(guardian=guardian, time=block.timestamp)


@external
def set_delay(delay: uint256):
    """
    @notice Set how many seconds what loosens has to wait; to shorten it loosens.
    """
    self._require_governor()
    assert delay <= delays.MAX_DELAY, errors.OUT_OF_BOUNDS
    self._settle(keccak256(slice(msg.data, 0, 36)), delay < state.delay)
    state.delay = delay
    log IClearinghouse.DelaySet(delay=delay, time=block.timestamp)


# Governor: assets


@external
def list_asset(
    asset: uint256,
    token: IERC20,
    curve: IClearinghouse.Curve,
    haircut: IClearinghouse.Haircut,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice List a token that has no number under a free one; USDC is number 0. Under a
            delay its weight begins at 0.
    """
    self._require_governor()
    decimals: uint256 = convert(
        staticcall IERC20Detailed(token.address).decimals(), uint256
    )
    assert (
        asset < bounds.MAX_LISTED and decimals <= bounds.MAX_DECIMALS
    ), errors.OUT_OF_BOUNDS
    assert state.token[asset] == 0, errors.ALREADY_LISTED
    # Two numbers of one token would count the same custody twice.
    for other: uint256 in range(bounds.MAX_LISTED):
        assert state.token[other] & (2**160 - 1) != convert(
            token.address, uint256
        ), errors.ALREADY_LISTED
    state.curve[asset] = bounds._pack_curve(curve)
    risk: uint256 = bounds._pack_risk(requirement, fees)
    quote: uint256 = bounds._pack_haircut(haircut)
    self._settle(keccak256(slice(msg.data, 0, 484)), True)
    self._set_asset_risk(asset, quote, risk)
    state.guards[asset] = guarding.OPEN
    state.token[asset] = (
        convert(token.address, uint256) | (decimals << 160) | (1 << 168)
    )
    state.pool_index[asset] = (fp.RAY << 144) | (fp.RAY << 32) | block.timestamp
    log IClearinghouse.AssetListed(
        asset=asset, token=token.address, decimals=decimals, time=block.timestamp
    )
    log IClearinghouse.CurveSet(asset=asset, curve=curve, time=block.timestamp)
    self._log_asset_risk(asset, haircut, requirement, fees)


@external
def set_curve(asset: uint256, curve: IClearinghouse.Curve):
    """
    @notice Set a pool's rate curve, with interest until now booked at the old one.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    word: uint256 = bounds._pack_curve(curve)
    old: uint256 = state.curve[asset]
    self._settle(
        keccak256(slice(msg.data, 0, 196)), loosening._is_lower_curve(old, word)
    )
    money_market._save(asset, money_market._load_accrued(asset))
    state.curve[asset] = word | ((old >> 168) << 168)
    log IClearinghouse.CurveSet(asset=asset, curve=curve, time=block.timestamp)


@external
def set_asset_risk(
    asset: uint256,
    haircut: IClearinghouse.Haircut,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice Set how an asset counts as collateral and as debt, and its trading fees.
            Under a delay a higher weight is a target, to which `ramp_weight` leads.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    quote: uint256 = bounds._pack_haircut(haircut)
    risk: uint256 = bounds._pack_risk(requirement, fees)
    old: uint256 = state.risk[asset]
    self._settle(
        keccak256(slice(msg.data, 0, 292)),
        loosening._is_looser_risk(old, risk)
        or loosening._is_looser_haircut(
            packing._get(old, 176, 24), state.quote[asset], quote
        ),
    )
    self._set_asset_risk(asset, quote, risk)
    self._log_asset_risk(asset, haircut, requirement, fees)


@external
def set_caps(asset: uint256, supply_cap: uint256, borrow_cap: uint256):
    """
    @notice Set how much of an asset may be lent and borrowed, WAD of whole tokens; 0
            for no cap.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    word: uint256 = bounds._pack_caps(supply_cap, borrow_cap)
    old: uint256 = state.curve[asset]
    self._settle(
        keccak256(slice(msg.data, 0, 100)), loosening._is_looser_caps(old, word)
    )
    state.curve[asset] = (old & (2**176 - 1)) | word
    log IClearinghouse.CapsSet(
        asset=asset,
        supply_cap=supply_cap,
        borrow_cap=borrow_cap,
        time=block.timestamp,
    )


@external
def set_guards(
    asset: uint256,
    max_utilisation: uint256,
    threshold: uint256,
    throttle_share: uint256,
    outflow_share: uint256,
    outflow_floor: uint256,
):
    """
    @notice Set a pool's guards: shares in basis points, 0 for no limit of the outflow;
            its floor in WAD of whole tokens.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    word: uint256 = bounds._pack_guards(
        max_utilisation, threshold, throttle_share, outflow_share, outflow_floor
    )
    old: uint256 = state.guards[asset]
    self._settle(
        keccak256(slice(msg.data, 0, 196)), loosening._is_looser_guards(old, word)
    )
    state.guards[asset] = word | ((old >> 96) << 96)
    log IClearinghouse.GuardsSet(
        asset=asset,
        max_utilisation=max_utilisation,
        threshold=threshold,
        throttle_share=throttle_share,
        outflow_share=outflow_share,
        outflow_floor=outflow_floor,
        time=block.timestamp,
    )


@external
def unpause_asset(asset: uint256):
    """
    @notice Let an asset be borrowed again, at once: a pause is no parameter.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    self._set_asset_paused(asset, False)


@external
def resume(asset: uint256):
    """
    @notice Let assets leave a pool again that bad debt has halted.
    """
    self._require_governor()
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    self._settle(keccak256(slice(msg.data, 0, 36)), True)
    state.curve[asset] &= ~_HALTED
    log IClearinghouse.PoolResumed(asset=asset, time=block.timestamp)


@external
def withdraw_reserve(asset: uint256, tokens: uint256, receiver: address):
    """
    @notice Take tokens out of the vault for which the reserve gives its lend, rounded
            up: cash, within the outflow window.
    @param tokens Amount in token units.
    """
    self._require_governor()
    word: uint256 = state.token[asset]
    amount: uint256 = custody._to_wad(word, tokens)
    money_market._require_open(asset)
    self._settle(keccak256(slice(msg.data, 0, 100)), True)
    pool: money_market.Pool = money_market._load_accrued(asset)
    burned: uint256 = fp._mul_div_up(amount, fp.RAY, pool.lend_index)
    assert burned <= pool.reserve, errors.INSUFFICIENT_BALANCE
    pool = money_market._pay_out(pool, amount)
    pool.lends -= convert(burned, int256)
    pool.reserve -= burned
    money_market._save(asset, pool)
    pool_limits._check_outflow(asset, pool.cash, amount)
    log IClearinghouse.ReserveWithdrawn(
        asset=asset, receiver=receiver, amount=amount, time=block.timestamp
    )
    custody._send(word, receiver, tokens)


# Governor: markets


@external
def list_market(
    market: uint256,
    underlying: uint256,
    lot_exponent: uint256,
    interval: uint256,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
    cap: uint256,
):
    """
    @notice List a perpetual market on a listed asset's index under a free number.
    @param lot_exponent A lot is 10**exponent WAD base units.
    @param interval Funding interval in seconds.
    @param cap How far the market's winners may be paid ahead of its losers, WAD of
           whole USDC.
    """
    self._require_governor()
    assert market < bounds.MAX_LISTED, errors.OUT_OF_BOUNDS
    assert state.market_risk[market] == 0, errors.ALREADY_LISTED
    assert (
        underlying != accounts.USDC and state.token[underlying] != 0
    ), errors.UNKNOWN_ASSET
    state.market_risk[market] = bounds._pack_market(
        underlying, lot_exponent, interval
    ) | bounds._pack_risk(requirement, fees)
    state.market_fund[market] = bounds._to_units(cap, fp.WAD, bounds.MAX_USDC)
    self._settle(keccak256(slice(msg.data, 0, 356)), True)
    state.market_funding[market] = (block.timestamp << 32) | block.timestamp
    state.market_quote[market] = bounds.CALM
    state.market_limits[market] = bounds.UNLIMITED
    log IClearinghouse.MarketListed(
        market=market,
        underlying=underlying,
        lot=10**lot_exponent,
        interval=interval,
        time=block.timestamp,
    )
    log IClearinghouse.MarketRiskSet(
        market=market, requirement=requirement, fees=fees, time=block.timestamp
    )
    log IClearinghouse.FundCapSet(market=market, cap=cap, time=block.timestamp)


@external
def set_market_risk(
    market: uint256,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice Set the margin that a market's positions bind, and its trading fees.
    """
    self._require_governor()
    old: uint256 = state.market_risk[market]
    assert old != 0, errors.UNKNOWN_MARKET
    word: uint256 = bounds._pack_risk(requirement, fees)
    self._settle(
        keccak256(slice(msg.data, 0, 228)), loosening._is_looser_risk(old, word)
    )
    state.market_risk[market] = ((old >> 176) << 176) | word
    log IClearinghouse.MarketRiskSet(
        market=market, requirement=requirement, fees=fees, time=block.timestamp
    )


@external
def set_fund_cap(market: uint256, cap: uint256):
    """
    @notice Set how far a market's winners may be paid ahead of its losers.
    @param cap WAD of whole USDC.
    """
    self._require_governor()
    assert state.market_risk[market] != 0, errors.UNKNOWN_MARKET
    word: uint256 = bounds._to_units(cap, fp.WAD, bounds.MAX_USDC)
    old: uint256 = state.market_fund[market]
    self._settle(
        keccak256(slice(msg.data, 0, 68)), word > packing._get(old, 0, 32)
    )
    state.market_fund[market] = ((old >> 32) << 32) | word
    log IClearinghouse.FundCapSet(market=market, cap=cap, time=block.timestamp)


@external
def set_limits(market: uint256, limits: IClearinghouse.Limits):
    """
    @notice Set how large a market may get, and how its margin answers.
    """
    self._require_governor()
    assert state.market_risk[market] != 0, errors.UNKNOWN_MARKET
    word: uint256 = bounds._pack_limits(limits)
    self._settle(
        keccak256(slice(msg.data, 0, 228)),
        loosening._is_looser_limits(state.market_limits[market], word),
    )
    state.market_limits[market] = word
    log IClearinghouse.LimitsSet(market=market, limits=limits, time=block.timestamp)


@external
def set_cull(market: uint256, cull: IClearinghouse.Cull):
    """
    @notice Set how much of a market's gains counts, and from where they may be
            realised by anyone.
    """
    self._require_governor()
    assert state.market_risk[market] != 0, errors.UNKNOWN_MARKET
    word: uint256 = bounds._pack_cull(cull)
    self._settle(
        keccak256(slice(msg.data, 0, 132)),
        loosening._is_looser_cull(state.market_cull[market], word),
    )
    state.market_cull[market] = word
    log IClearinghouse.CullSet(market=market, cull=cull, time=block.timestamp)


@external
def unpause_market(market: uint256):
    """
    @notice Let a market's positions grow again, at once: a pause is no parameter.
    """
    self._require_governor()
    assert state.market_risk[market] != 0, errors.UNKNOWN_MARKET
    self._set_market_paused(market, False)


@external
def __default__():
    """
    @notice Refuse what no code body has.
    """
    raise errors.UNKNOWN_SELECTOR


@internal
@view
def _require_governor():
    """
    @notice Refuse anyone but the governor.
    """
    assert msg.sender == state.governor, errors.NOT_GOVERNOR


@internal
@view
def _require_guardian():
    """
    @notice Refuse anyone but the guardian and the governor.
    """
    assert msg.sender == state.guardian or (
        msg.sender == state.governor
    ), errors.NOT_GUARDIAN


@internal
def _settle(change: bytes32, is_loosening: bool):
    """
    @notice Use the announcement of a change up, whether it had to be announced or not;
            refuse one that loosens and has not waited.
    """
    delay: uint256 = state.delay
    if is_loosening and delay != 0:
        delays._require_ready(state.queued[change], delay)
    state.queued[change] = 0


@internal
def _set_asset_risk(asset: uint256, haircut: uint256, risk: uint256):
    """
    @notice Store a haircut that is aimed at, and the rest of an asset's risk: without
            a delay the weight is there, else it is no higher than before, and time to
            rise counts from a higher aim on.
    """
    old: uint256 = state.risk[asset]
    quote: uint256 = state.quote[asset]
    target: uint256 = packing._get(haircut, 40, 24)
    weight: uint256 = target
    if state.delay != 0:
        weight = min(weight, packing._get(quote, 40, 24))
    ramped_at: uint256 = packing._get(old, 200, 32)
    if target > packing._get(old, 176, 24):
        ramped_at = block.timestamp
    state.quote[asset] = ((quote >> 64) << 64) | packing._set(haircut, 40, 24, weight)
    state.risk[asset] = risk | (target << 176) | (packing._fit(ramped_at, 32) << 200)


@internal
def _set_asset_paused(asset: uint256, is_paused: bool):
    """
    @notice Store whether an asset is paused.
    """
    word: uint256 = state.curve[asset] & ~_PAUSED
    state.curve[asset] = (word | _PAUSED) if is_paused else word
    log IClearinghouse.AssetPaused(
        asset=asset, caller=msg.sender, is_paused=is_paused, time=block.timestamp
    )


@internal
def _set_market_paused(market: uint256, is_paused: bool):
    """
    @notice Store whether a market is paused.
    """
    word: uint256 = state.market_risk[market] & ~_MARKET_PAUSED
    state.market_risk[market] = (word | _MARKET_PAUSED) if is_paused else word
    log IClearinghouse.MarketPaused(
        market=market, caller=msg.sender, is_paused=is_paused, time=block.timestamp
    )


@internal
def _log_asset_risk(
    asset: uint256,
    haircut: IClearinghouse.Haircut,
    requirement: IClearinghouse.Requirement,
    fees: IClearinghouse.Fees,
):
    """
    @notice Log how an asset counts from now on; its weight is the target.
    """
    log IClearinghouse.AssetRiskSet(
        asset=asset,
        haircut=haircut,
        requirement=requirement,
        fees=fees,
        time=block.timestamp,
    )
