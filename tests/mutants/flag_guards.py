"""Guards of who is to be flagged, weakened one by one, each with its test."""

from tests.helpers.scenes import OWING
from tests.mutants.guards import Guard, on_stage
from tests.unit import test_can_flag as flags


def of_view(old, new, test, *arguments):
    run = on_stage(test, *arguments, scene=OWING)
    return Guard("MarginCode", "MarginCode.vy", old, new, run)


FLAG_GUARDS = [
    of_view(
        "if distress._flag(noted, block.timestamp) == noted:",
        "if False:",
        flags.test_whoever_is_due_may_be_flagged_in_any_block,
        1,
    ),
    of_view(
        "return margin._is_due_now(margin._assess(account))",
        "return margin._is_liquidatable(margin._assess(account))",
        flags.test_at_a_stale_price_nobody_is_to_be_flagged,
    ),
    of_view(
        "return margin._is_due_now(margin._assess(account))",
        "return True",
        flags.test_who_is_well_is_not_to_be_flagged,
    ),
]
