"""Where incidents are played: on the stages of the unit tests."""

from tests.unit.conftest import (
    deployed,
    free_desk,
    lent_out,
    office,
    oracle,
    stage,
)

__all__ = [
    "deployed",
    "free_desk",
    "lent_out",
    "office",
    "oracle",
    "stage",
]
