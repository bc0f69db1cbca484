"""The specification of the oracle, alone: what is promised of it holds."""

from contextlib import suppress

from specs.errors import Revert
from tests.stateful.oracle_machine import OracleMachine


class OracleSpecMachine(OracleMachine):
    """The rules, taken or refused."""

    def step(self, name, caller, *arguments):
        with suppress(Revert):
            return super().step(name, caller, *arguments)


TestOracleSpec = OracleSpecMachine.TestCase
