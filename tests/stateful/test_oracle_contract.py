"""Contract against specification: every stored integer, every refusal's reason."""

from hypothesis.stateful import invariant

from keeper.chain.interface import Refused
from specs import book_basis, price_views, slow_price
from specs.errors import Revert
from tests.helpers.reports import ADDRESSES, GOVERNOR, Oracle, encode
from tests.stateful.oracle_machine import GENESIS, OracleMachine

NUMBERS = (0, 1, 2, 3, 4, 9, 40)


class OracleContractMachine(OracleMachine):
    """The rules, on pyrevm."""

    def begin(self, threshold, publishers):
        super().begin(threshold, publishers)
        self.oracle = Oracle(threshold, publishers)
        assert self.oracle.now == GENESIS

    def step(self, name, caller, *arguments):
        try:
            expected = "taken", super().step(name, caller, *arguments)
        except Revert as revert:
            expected = "refused", revert.reason
        assert self.call(name, caller, *arguments) == expected

    def call(self, name, caller, *arguments):
        if name == "publish":
            arguments = encode(self.oracle.contract.address, *arguments)
        try:
            return "taken", self.oracle.send(caller, name, *arguments).result
        except Refused as refused:
            return "refused", refused.reason

    def advance(self, seconds):
        super().advance(seconds)
        self.oracle.wait(seconds)

    @invariant()
    def quorum_is_equal(self):
        quorum = self.state.quorum
        assert self.oracle.view("quorum") == (
            quorum.version,
            quorum.published_at,
            quorum.reported_at,
            quorum.threshold,
            len(quorum.weights),
        )
        assert self.oracle.view("version") == quorum.version
        for address in (*ADDRESSES, GOVERNOR):
            weight = quorum.weights.get(address, 0)
            assert self.oracle.view("weight_of", address) == weight

    @invariant()
    def assets_are_equal(self):
        for number in NUMBERS:
            stored = self.oracle.view("asset_of", number)
            found = self.state.assets.get(number)
            if found is None:
                assert not any(stored)
                continue
            assert stored == (
                *(found.slow, found.fast, found.time),
                *slow_price.get_waiting_run(found),
                *(found.max_step, found.spot_tolerance),
            )

    @invariant()
    def markets_are_equal(self):
        for number in NUMBERS:
            stored = self.oracle.view("market_of", number)
            found = self.state.markets.get(number)
            if found is None:
                assert not any(stored[:10])
                continue
            slow = self.state.assets[found.asset].slow
            integral = book_basis.compute_stored_integral(
                found.holds, slow, found.bound, found.time
            )
            hold = found.holds[-1]
            assert stored == (
                *(found.mark, found.mean_mark, found.time, found.asset),
                *(found.period, found.bound, found.tolerance),
                *(hold.mid, hold.since, hold.until, integral, found.book),
            )

    @invariant()
    def views_are_equal(self):
        assets, markets = self.state.assets, self.state.markets
        for number in NUMBERS:
            assert self.oracle.view("feed", number) == price_views.get_feed(
                assets, self.state.variances, number
            )
            assert self.oracle.view("mark", number) == price_views.get_mark(
                assets, markets, number
            )
            assert self.oracle.view("band", number) == price_views.get_band(
                markets, number
            )
            assert self.oracle.view("spot_band", number) == price_views.get_spot_band(
                assets, number
            )


TestOracleContract = OracleContractMachine.TestCase
