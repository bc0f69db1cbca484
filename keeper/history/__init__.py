"""
The protocol's state, from its events alone.

``replay`` takes the events of the Clearinghouse and of the Liquidator in their order
and returns what both remember, to the last integer: the specification's transitions
are taken again, with what the events tell of them. What an event tells and the
transition finds as well has to agree; where it does not, or where a transition would
be refused, ``Inconsistent`` is raised: an event is missing or wrong.

The two contracts' events may also come one contract after the other: neither's state
depends on the other's events.
"""

from keeper.history.books import GENESIS, Books, Entry, Inconsistent, group
from keeper.history.reader import read
from keeper.history.replaying import enter, replay

__all__ = [
    "GENESIS",
    "Books",
    "Entry",
    "Inconsistent",
    "enter",
    "group",
    "read",
    "replay",
]
