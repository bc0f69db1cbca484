"""What of pools, margin, positions and liquidation layer 2 leaves out, and why."""

from tests.proofs.coverage_reasons import Reason

LEFT_OUT: dict[str, Reason] = {
    "backstop._compute_fraction": Reason.LOOP,
    "backstop._sum": Reason.LOOP,
    "bankruptcy._claims": Reason.LOOP,
    "bankruptcy._is_bankrupt": Reason.LOOP,
    "conversion._best_collateral": Reason.LOOP,
    "deleveraging._effective": Reason.LOOP,
    "deleveraging._effective_lots": Reason.LOOP,
    "fixed_point._sqrt_down": Reason.ROOT,
    "legs._get": Reason.LOOP,
    "margin._add_perp_orders": Reason.LOOP,
    "margin._add_position": Reason.LOOP,
    "margin._assess": Reason.LOOP,
    "margin._require_initial_margin": Reason.LOOP,
    "money_market._load_accrued": Reason.COMPOSED,
    "money_market._owes_nothing": Reason.LOOP,
    "packing._insert": Reason.BYTES,
    "packing._remove": Reason.BYTES,
    "providers.provider_at": Reason.ARRAY,
    "settlement._new_entry": Reason.TICKS,
    "slices._compute_end": Reason.LOOP,
    "slices._compute_parts": Reason.LOOP,
    "virtual_pnl._pending": Reason.TICKS,
}

PARTS: dict[str, str] = {}
"""By function: that one of which the proof runs through it."""
