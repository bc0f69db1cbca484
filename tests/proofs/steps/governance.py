"""Layer 3 of governance: the proofs; what they say is in the table beside them."""

from tests.proofs.proof import Mutant
from tests.proofs.steps.family import Family
from tests.proofs.steps.governance_claims import CODE, SETTLE, Setter, governs, settles
from tests.proofs.steps.governance_table import ASSETS, MARKETS, POWERS
from tests.proofs.transition import Step


def _step(setter: Setter) -> Step:
    return Step(
        f"step.governance.{setter.function}",
        "",
        CODE,
        setter.function,
        tuple(setter.arguments.split()),
        governs(setter),
        (),
        theories=setter.theories,
        cuts=(SETTLE, *setter.cuts) if setter.looser else setter.cuts,
        keeps_refusals=False,
    )


PROOFS = (
    Step(
        "step.governance.settle",
        "Under a delay what loosens was announced as long before, and not much longer; "
        "an announcement is used up.",
        CODE,
        "GovernanceCode._settle",
        ("change", "is_loosening"),
        settles,
        (
            Mutant(
                CODE,
                "    if is_loosening and delay != 0:",
                "    if is_loosening and delay > 3600:",
            ),
            Mutant(CODE, "    state.queued[change] = 0\n\n\n", "    pass\n\n\n"),
            Mutant(
                "contracts/modules/delays.vy",
                "assert ready_at <= block.timestamp, errors",
                "assert queued_at <= block.timestamp, errors",
            ),
        ),
        keeps_refusals=False,
        serves=("I43",),
    ),
    Family(
        "step.governance.powers",
        "The governor alone gives powers and announces what loosens, which under a "
        "delay waits for it; nothing else is written.",
        tuple(map(_step, POWERS)),
        (
            Mutant(CODE, "delay < state.delay)", "delay > state.delay)"),
            Mutant(
                CODE,
                "    if change == _DISMISSAL:\n        self._require_governor()\n",
                "",
            ),
            Mutant(
                CODE,
                "    stored: uint256 = roles\n",
                "    stored: uint256 = roles | (old & 1)\n",
            ),
        ),
        ("I13", "I14", "I43"),
    ),
    Family(
        "step.governance.assets",
        "The governor alone sets an asset's parameters, each in its own bits; what "
        "loosens was announced; nothing else is written.",
        tuple(map(_step, ASSETS)),
        (
            Mutant(
                CODE, "word | ((old >> 168) << 168)", "word | ((old >> 169) << 169)"
            ),
            Mutant(CODE, "(old & (2**176 - 1)) | word", "word | (old & (2**168 - 1))"),
            Mutant(
                CODE,
                "slice(msg.data, 0, 100)), loosening._is_looser_caps(old, word)",
                "slice(msg.data, 0, 68)), loosening._is_looser_caps(old, word)",
            ),
        ),
        ("I13", "I14", "I43"),
    ),
    Family(
        "step.governance.markets",
        "The governor alone sets a market's parameters, each in its own bits; what "
        "loosens was announced; nothing else is written.",
        tuple(map(_step, MARKETS)),
        (
            Mutant(CODE, "((old >> 32) << 32) | word\n", "word\n"),
            Mutant(
                CODE,
                "governor()\n    old: uint256 = state.market_risk[market]",
                "guardian()\n    old: uint256 = state.market_risk[market]",
            ),
            Mutant(
                "contracts/modules/loosening.vy",
                "        or self._rises(old, new, 128, 64)\n",
                "",
            ),
        ),
        ("I13", "I14", "I43"),
    ),
)
