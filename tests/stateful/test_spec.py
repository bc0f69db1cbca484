"""The specification alone keeps every invariant."""

from tests.stateful.machine import ProtocolMachine

TestSpecification = ProtocolMachine.TestCase
