"""Layer 3."""

STEPS = ()
