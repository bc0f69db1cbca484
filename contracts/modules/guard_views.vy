# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Guard views
@license Apache-2.0
@notice What a pool's guards admit now, and when an announced change may be made.
@dev What would be refused is told without being tried.
@custom:spec specs/guards.py
"""

from ..interfaces import ILens
from . import delays
from . import fixed_point as fp
from . import guards as guarding
from . import money_market
from . import packing
from . import pool_views
from . import vault

uses: vault
uses: pool_views

_PPM_UNIT: constant(uint256) = 10**12


@external
@view
def guards(asset: uint256) -> ILens.Guards:
    """
    @notice Return a pool's guards, the highest utilisation at which a call of who has
            exposure may end now, and how much may leave the vault now.
    @dev The rest is asked elsewhere: a pause, halt or cap, and whether there is cash.
    """
    vault._token(asset)
    word: uint256 = staticcall vault.CLEARINGHOUSE.guards(asset)
    pool: money_market.Pool = pool_views._accrued(asset)
    held: uint256 = pool.cash + staticcall vault.CLEARINGHOUSE.pool_idle(asset)
    found: ILens.Guards = ILens.Guards(
        max_utilisation=packing._get(word, 80, 16),
        threshold=packing._get(word, 64, 16),
        throttle_share=packing._get(word, 48, 16),
        outflow_share=packing._get(word, 32, 16),
        outflow_floor=packing._get(word, 0, 32) * fp.WAD,
        utilisation=pool_views._utilisation(asset, pool),
        admissible=0,
        average=packing._get(guarding._follow(word, held, block.timestamp), 184, 72)
        * guarding.AVERAGE_UNIT,
        room=held,
    )
    found.admissible = self._admissible(word, found.utilisation)
    if found.outflow_share != 0:
        missing: uint256 = max(
            fp._mul_div_down(found.average, found.outflow_share, fp.BPS),
            found.outflow_floor,
        )
        least: uint256 = found.average - min(found.average, missing)
        found.room = held - min(held, least)
    return found


@external
@view
def change(digest: bytes32) -> ILens.Change:
    """
    @notice Return when a change was announced, and when it may be made if it loosens;
            without a delay any may be.
    @param digest Hash of the setter's whole calldata.
    """
    delay: uint256 = staticcall vault.CLEARINGHOUSE.delay()
    queued_at: uint256 = staticcall vault.CLEARINGHOUSE.queued(digest)
    if queued_at == 0:
        return ILens.Change(
            queued_at=0, ready_at=0, expires_at=0, is_ready=delay == 0
        )
    ready_at: uint256 = queued_at + delay
    expires_at: uint256 = ready_at + delays.WINDOW
    return ILens.Change(
        queued_at=queued_at,
        ready_at=ready_at,
        expires_at=expires_at,
        is_ready=delay == 0
        or (ready_at <= block.timestamp and block.timestamp <= expires_at),
    )


@internal
@view
def _admissible(word: uint256, utilisation: uint256) -> uint256:
    """
    @notice Return the highest utilisation at which a guarded call may end now: the
            present one or the threshold, or what the throttle's step admits up to the
            maximum.
    """
    highest: uint256 = packing._get(word, 80, 16) * fp.WAD // fp.BPS
    free: uint256 = max(utilisation, packing._get(word, 64, 16) * fp.WAD // fp.BPS)
    share: uint256 = packing._get(word, 48, 16)
    if free >= highest or share == fp.BPS:
        return max(free, highest)
    step: uint256 = block.timestamp // guarding.THROTTLE_STEP
    admitted: uint256 = packing._get(word, 128, 24) * _PPM_UNIT
    if step != packing._get(word, 96, 32):
        room: uint256 = fp._mul_div_down(highest - free, share, fp.BPS)
        admitted = (free + room) // _PPM_UNIT * _PPM_UNIT
    return max(free, min(admitted, highest))
