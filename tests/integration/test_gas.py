"""Gas of one fixed story on Ape's test provider, as it was reviewed."""

import pytest

from tests.helpers import snapshots


def test_gas_is_what_was_reviewed():
    message = snapshots.complaint(snapshots.GAS, snapshots.gas())
    if message:
        pytest.fail(message, pytrace=False)
