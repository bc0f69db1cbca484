"""What of pools, margin, positions and liquidation layer 2 leaves out, and why."""

from tests.proofs.coverage_reasons import Reason

LEFT_OUT: dict[str, Reason] = {}

PARTS: dict[str, str] = {}
"""By function: that one of which the proof runs through it."""
