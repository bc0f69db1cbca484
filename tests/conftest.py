"""Hypothesis profiles: `pytest --hypothesis-profile=ci`, or `deep`; else `quick`."""

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "quick",
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# Shrinking a run of a contract takes minutes, and the failing run is printed anyway.
settings.register_profile(
    "ci",
    settings.get_profile("quick"),
    max_examples=200,
    stateful_step_count=40,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.target],
)
settings.register_profile(
    "deep",
    settings.get_profile("quick"),
    max_examples=5_000,
    stateful_step_count=100,
)
settings.load_profile("quick")


def pytest_addoption(parser):
    """Let all contract guards be weakened; each compiles a contract anew."""
    parser.addoption(
        "--all-guards",
        action="store_true",
        help="weaken every guard of the contracts, not every sixteenth of the list",
    )


def pytest_collection_modifyitems(items):
    """Keep what Ape compiles with one worker: two would compile the same twice."""
    for item in items:
        if "project" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("ape"))
