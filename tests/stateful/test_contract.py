"""The contracts do what the specification says: same storage, same refusals."""

from functools import cache

from tests.helpers.deployers import deploy_world
from tests.stateful.machine import ProtocolMachine
from tests.stateful.twin import Twin, differences


@cache
def get_twin():
    return Twin(deploy_world())


class ContractMachine(ProtocolMachine):
    def begin(self, actions):
        get_twin().rewind()
        super().begin(actions)

    def step(self, action):
        refusal = super().step(action)
        assert get_twin().send(self.world, action) == refusal
        return refusal

    def agree(self):
        assert differences(self.world, get_twin().read(self.world)) == []


TestContracts = ContractMachine.TestCase
