"""Where examples are played: what most modules of this folder begin with."""

import pytest

from tests.helpers.lens import SCENES
from tests.helpers.office import Office
from tests.helpers.protocol import Stage
from tests.helpers.quotes import World
from tests.helpers.reports import Oracle, list_all
from tests.helpers.scenes import AT_WORK, LENT_OUT
from tests.helpers.settings import free, set_up


@pytest.fixture(scope="module")
def deployed():
    """Every contract beside the specification, with nobody in it."""
    return Stage()


@pytest.fixture
def stage(deployed, request):
    """A stage at the module's `SCENE`, or else with a market at work."""
    with deployed.at(getattr(request.module, "SCENE", AT_WORK)):
        yield deployed


@pytest.fixture
def lent_out(deployed):
    """A stage at which all USDC is borrowed."""
    with deployed.at(LENT_OUT):
        yield deployed


@pytest.fixture(params=SCENES)
def seen(deployed, request):
    """A stage at each of the scenes that the Lens looks at."""
    with deployed.at(SCENES[request.param]):
        yield deployed


@pytest.fixture(scope="module")
def office():
    """The governance body alone."""
    return Office()


@pytest.fixture
def desk(office):
    """An office whose changes wait."""
    return office.open(set_up())


@pytest.fixture
def free_desk(office):
    """An office without a delay."""
    return office.open(free())


@pytest.fixture
def oracle():
    """An oracle with three assets and markets, none of which has a price."""
    oracle = Oracle()
    list_all(oracle)
    return oracle


@pytest.fixture
def world():
    """A quote desk beside stand-ins for its surroundings."""
    return World()
