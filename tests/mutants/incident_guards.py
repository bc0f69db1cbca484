"""Guards against incidents, weakened one by one, each with the test that plays it."""

from tests.mutants.incident_debt_guards import DEBT_GUARDS
from tests.mutants.incident_value_guards import VALUE_GUARDS

BY_INCIDENT = {**VALUE_GUARDS, **DEBT_GUARDS}
"""By the number of the incident."""

INCIDENT_GUARDS = [
    guard for number in sorted(BY_INCIDENT) for guard in BY_INCIDENT[number]
]
