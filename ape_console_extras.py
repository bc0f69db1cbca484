"""What `ape console` finds beside Ape's own names; `help_rucksack()` lists it."""

from collections.abc import Mapping
from typing import Any


def ape_init_extras(accounts: Any, networks: Any) -> Mapping[str, Any]:
    """Return the names that a console has on the network that it is connected to."""
    from keeper.client.console import open_console

    keys = [*accounts.test_accounts, *accounts]
    return dict(open_console(networks.active_provider, keys))
