"""How guards against incidents are weakened: each test on a mutant of its stage."""

from types import SimpleNamespace

from keeper.chain.interface import Refused
from keeper.mirror_ticks import Mismatch
from tests.helpers.orders import OrderStage
from tests.helpers.protocol import Stage, exchange
from tests.helpers.reports import Oracle, list_all
from tests.helpers.scenes import OWING
from tests.helpers.slices import SliceStage
from tests.incidents.test_deleveraging import FALLEN
from tests.mutants.guards import Guard


def on(scene, test, *arguments, kind=Stage):
    """Return what runs a test of a stage at a scene."""

    def run(mutant):
        stage = kind()
        exchange(stage.made, mutant)
        try:
            with stage.at(scene):
                test(stage, *arguments)
        except Mismatch as mismatch:
            raise AssertionError("no state has such storage") from mismatch

    return run


def owing(test, *arguments):
    """Return what runs a test where somebody owes beside a position."""
    return on(OWING, test, *arguments)


def fallen(test, *arguments):
    """Return what runs a test where somebody owes more than he has."""
    return on(FALLEN, test, *arguments)


def with_orders(test, *arguments):
    """Return what runs a test of a stage on which a book calls."""
    return on(OWING, test, *arguments, kind=OrderStage)


def sliced(scene, test, *arguments):
    """Return what runs a test of a stage with a book, at a scene."""
    return on(scene, test, *arguments, kind=SliceStage)


def at_oracle(test, *arguments):
    """Return what runs a test of an oracle."""

    def run(mutant):
        oracle = Oracle()
        list_all(oracle)
        contracts = {"PriceOracle": oracle.contract}
        exchange(SimpleNamespace(contracts=contracts, chain=oracle.chain), mutant)
        try:
            test(oracle, *arguments)
        except Refused as refused:
            raise AssertionError("it is refused") from refused

    return run


def module_of(name, contract, old, new, run):
    """Return a guard of a module, in one of the contracts that it is compiled into."""
    return Guard(contract, f"modules/{name}.vy", old, new, run)


def body(name, old, new, run):
    """Return a guard of a deployable contract."""
    return Guard(name, f"{name}.vy", old, new, run)
