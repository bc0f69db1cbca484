"""
Faults in each function of governance, of which the claim about that very one is false.

At least one of each: of who may call it, of what it writes or of what has to wait.
"""

from tests.proofs.proof import Mutant
from tests.proofs.steps.governance_claims import CODE

_LOOSENING = "contracts/modules/loosening.vy"

_ANNOUNCEMENTS = {
    "queue": (
        Mutant(
            CODE,
            "governor()\n    state.queued[change] = block.timestamp\n",
            "guardian()\n    state.queued[change] = block.timestamp\n",
        ),
        Mutant(
            CODE,
            "    state.queued[change] = block.timestamp\n",
            "    state.queued[change] = 1\n",
        ),
    ),
    "cancel_change": (
        Mutant(
            CODE, "    if change == _DISMISSAL:\n        self._require_governor()\n", ""
        ),
        Mutant(
            CODE,
            "    self._require_guardian()\n    assert state.queued",
            "    assert state.queued",
        ),
        Mutant(CODE, "    assert state.queued[change] != 0, errors.NOT_QUEUED\n", ""),
        Mutant(CODE, "    state.queued[change] = 0\n    log", "    log"),
    ),
}
_POWERS = {
    "set_venue": (
        Mutant(
            CODE,
            "    stored: uint256 = roles\n",
            "    stored: uint256 = roles | (old & 1)\n",
        ),
        Mutant(
            CODE,
            "loosening._adds_roles(old, roles)",
            "loosening._adds_roles(roles, old)",
        ),
    ),
    "set_governor": (
        Mutant(
            CODE,
            "0, 36)), True)\n    state.governor",
            "0, 36)), False)\n    state.governor",
        ),
    ),
    "set_guardian": (
        Mutant(
            CODE,
            "old != empty(address) and old != guardian",
            "old != empty(address) and guardian != empty(address)",
        ),
    ),
    "set_delay": (
        Mutant(CODE, "delay < state.delay)", "delay > state.delay)"),
        Mutant(
            CODE, "    assert delay <= delays.MAX_DELAY, errors.OUT_OF_BOUNDS\n", ""
        ),
    ),
}
_SWITCHES = {
    "pause_asset": (
        Mutant(
            CODE,
            "    self._require_guardian()\n    assert state.token",
            "    assert state.token",
        ),
    ),
    "unpause_asset": (
        Mutant(
            CODE,
            "governor()\n    assert state.token[asset] != 0, errors.UNKNOWN_ASSET\n"
            "    self._set_asset",
            "guardian()\n    assert state.token[asset] != 0, errors.UNKNOWN_ASSET\n"
            "    self._set_asset",
        ),
    ),
    "resume": (
        Mutant(
            CODE,
            "0, 36)), True)\n    state.curve",
            "0, 36)), False)\n    state.curve",
        ),
        Mutant(CODE, "&= ~_HALTED", "&= ~(_HALTED | _PAUSED)"),
    ),
    "pause_market": (
        Mutant(
            CODE,
            "    self._set_market_paused(market, True)\n",
            "    self._set_market_paused(market, False)\n",
        ),
    ),
    "unpause_market": (
        Mutant(
            CODE,
            "state.market_risk[market] & ~_MARKET_PAUSED",
            "state.market_risk[market] & ~(_MARKET_PAUSED | 1)",
        ),
    ),
}
_POOLS = {
    "set_curve": (
        Mutant(CODE, "word | ((old >> 168) << 168)", "word | ((old >> 169) << 169)"),
        Mutant(_LOOSENING, " or self._rises(old, new, 144, 24)", ""),
    ),
    "set_caps": (
        Mutant(CODE, "(old & (2**176 - 1)) | word", "word | (old & (2**168 - 1))"),
        Mutant(
            CODE,
            "slice(msg.data, 0, 100)), loosening._is_looser_caps(old, word)",
            "slice(msg.data, 0, 68)), loosening._is_looser_caps(old, word)",
        ),
    ),
    "set_guards": (
        Mutant(CODE, "word | ((old >> 96) << 96)", "word | ((old >> 80) << 80)"),
        Mutant(_LOOSENING, "        or self._rises(old, new, 48, 16)\n", ""),
    ),
}
_ASSETS = {
    "set_asset_risk": (
        Mutant(CODE, "loosening._is_looser_risk(old, risk)\n        or ", ""),
        Mutant(
            CODE,
            "    if state.delay != 0:\n        weight",
            "    if False:\n        weight",
        ),
        Mutant(
            CODE, "((quote >> 64) << 64) | packing._set(haircut", "packing._set(haircut"
        ),
    ),
    "ramp_weight": (
        Mutant(
            CODE,
            "packing._set(quote, 40, 24, weight)",
            "packing._set(quote, 40, 32, weight)",
        ),
    ),
}
_MARKETS = {
    "set_market_risk": (
        Mutant(
            CODE,
            "governor()\n    old: uint256 = state.market_risk[market]",
            "guardian()\n    old: uint256 = state.market_risk[market]",
        ),
        Mutant(CODE, "((old >> 176) << 176) | word", "word"),
    ),
    "set_fund_cap": (
        Mutant(CODE, "((old >> 32) << 32) | word\n", "word\n"),
        Mutant(
            CODE, "word > packing._get(old, 0, 32)", "word < packing._get(old, 0, 32)"
        ),
    ),
    "set_limits": (
        Mutant(_LOOSENING, "        or self._rises(old, new, 128, 64)\n", ""),
    ),
    "set_cull": (
        Mutant(_LOOSENING, "        or self._rises_or_ends(old, new, 64, 64)\n", ""),
    ),
}
_LISTINGS = {
    "list_asset": (
        Mutant(CODE, "    assert state.token[asset] == 0, errors.ALREADY_LISTED\n", ""),
        Mutant(
            CODE,
            "state.token[other] & (2**160 - 1) != convert(",
            "state.token[other] != convert(",
        ),
        Mutant(CODE, "(msg.data, 0, 484)), True)", "(msg.data, 0, 484)), False)"),
    ),
    "list_market": (
        Mutant(
            CODE,
            "    assert state.market_risk[market] == 0, errors.ALREADY_LISTED\n",
            "",
        ),
        Mutant(CODE, "(msg.data, 0, 356)), True)", "(msg.data, 0, 356)), False)"),
    ),
}

MUTANTS: dict[str, tuple[Mutant, ...]] = {
    **_ANNOUNCEMENTS,
    **_POWERS,
    **_SWITCHES,
    **_POOLS,
    **_ASSETS,
    **_MARKETS,
    **_LISTINGS,
}
