"""What `ape console` finds beside Ape's own names; `help_rucksack()` lists it."""

from typing import Any


def ape_init_extras(accounts: Any, networks: Any) -> dict[str, Any]:
    """Return the names that a console has on the network that it is connected to."""
    from IPython import get_ipython

    from keeper.cli import hush
    from keeper.client.console import dress, open_console

    hush()
    if shell := get_ipython():
        dress(shell)
    return open_console(networks.active_provider, [*accounts.test_accounts, *accounts])
