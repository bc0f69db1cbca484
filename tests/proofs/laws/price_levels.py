"""Laws of price levels: what is left of a volume."""

from specs.book_state import Volume
from specs.price_levels import DECAY, get_recent
from tests.proofs.proof import Mutant


def a_volume_only_decays(lots: int, time: int, now: int, later: int) -> bool:
    """
    Of a volume all is left at once, never more later, and nothing after five minutes.

    Serves: I34.

    pre: 0 <= lots and 0 <= time <= now <= later
    post: __return__
    """
    volume = Volume(lots, time)
    left, rest = get_recent(volume, now), get_recent(volume, later)
    is_gone = rest == 0 or later - time < DECAY
    return 0 <= rest <= left <= lots and is_gone and get_recent(volume, time) == lots


MUTANTS = {
    "a_volume_only_decays": (
        Mutant(
            "specs/price_levels.py",
            "left = max(0, DECAY - (now - volume.time))",
            "left = abs(DECAY - (now - volume.time))",
        ),
    ),
}
