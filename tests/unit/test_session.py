"""The keeper's session: prices for ever, whose keys sign, and the devnet's anvil."""

import socket

import pytest

from keeper import devnet, session
from keeper.chain.interface import Block, Contract
from keeper.deployment import Deployment
from keeper.errors import UserError
from keeper.prices.seeded import seeded_prices
from keeper.runner import Metrics
from keeper.signing import local_account

KEYS = [local_account(f"publisher {i}") for i in range(3)]
STRANGER = local_account("stranger")
NOWHERE = Contract("Any", "0x" + "00" * 20)


def deployment():
    return Deployment(
        chain_id=1,
        block=0,
        governor=STRANGER.address,
        publishers=[key.address for key in KEYS],
        tokens={},
        oracle=NOWHERE,
        clearinghouse=NOWHERE,
        quote_desk=NOWHERE,
        liquidator=NOWHERE,
        lens=NOWHERE,
        order_book=NOWHERE,
        book_lens=NOWHERE,
    )


def test_a_looped_path_goes_to_and_fro_without_a_jump():
    path = seeded_prices(0)
    length = path.end - path.start
    source = session.Looped(path)
    for place in (0, 7, length - 1):
        there, back = path.price_at(path.start + place), 2 * length - place
        for time in (place, back, place + 2 * length, 2 * length * 10**6 + place):
            assert source.price_at(time) == there
    assert "to and fro" in source.label


def test_a_looped_path_of_one_moment_stands_still():
    path = seeded_prices(0)
    path = type(path)(path.label, path.times, path.columns, path.start, path.start)
    assert session.Looped(path).price_at(3) == path.price_at(path.start)


def test_publishers_sign_in_the_deployment_s_order():
    found = session.find_publishers(deployment(), [KEYS[2]], [STRANGER, *KEYS[:2]])
    assert found == KEYS
    assert session.find_publishers(deployment(), [], [STRANGER]) == []


def test_a_key_that_is_no_publisher_s_is_refused():
    with pytest.raises(UserError, match=r"--publisher: 0x.* is no publisher"):
        session.find_publishers(deployment(), [STRANGER], KEYS)


def test_jobs_come_in_the_order_of_a_round():
    jobs = session.make_jobs(
        ["liquidate", "tick", "publish"], deployment(), None, KEYS, None
    )
    assert [job.name for job in jobs] == ["publish", "tick", "liquidate"]


def test_without_a_publisher_s_key_nothing_is_published():
    assert session.choose_jobs((), has_publishers=True) == session.JOBS
    assert "publish" not in session.choose_jobs((), has_publishers=False)
    assert session.choose_jobs(("tick",), has_publishers=False) == ("tick",)
    with pytest.raises(UserError, match="publish: no key of a publisher"):
        session.choose_jobs(("tick", "publish"), has_publishers=False)


def test_a_report_is_never_older_than_the_chain():
    ahead = 2**40
    assert session.wall_clock(Block(1, ahead)) == ahead
    assert session.wall_clock(Block(1, 0)) > 1_700_000_000


def test_an_unknown_price_file_is_one_line():
    with pytest.raises(UserError, match=r"^none.csv:1: file: cannot be read"):
        session.find_source("none.csv", 0)


class Counting:
    """A runner that counts its rounds, and may be interrupted."""

    jobs = ("publish",)

    def __init__(self, until=10):
        self.worked, self.until, self.metrics = 0, until, Metrics()
        self.is_stopped = False

    def work(self, job):
        self.worked += 1
        if self.worked == self.until:
            raise KeyboardInterrupt

    def stop(self):
        self.is_stopped = True


def test_rounds_are_counted():
    runner = Counting()
    session.run_rounds(runner, 3, pause=0)
    assert (runner.worked, runner.is_stopped) == (3, False)


def test_an_interrupt_ends_the_rounds():
    runner = Counting(until=2)
    session.run_rounds(runner, 5, pause=0)
    assert (runner.worked, runner.is_stopped) == (2, True)


def test_a_missing_anvil_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="anvil is missing: `make anvil`"):
        devnet.find_anvil(tmp_path)


def test_the_platform_s_own_anvil_comes_first(tmp_path):
    own = tmp_path / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
    own.parent.mkdir(parents=True)
    own.touch()
    assert devnet.find_anvil(tmp_path) == str(own)


@pytest.fixture
def silent_url():
    """A port at which nothing answers: it is bound and does not listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_devnet_that_does_not_run_is_one_line(monkeypatch, silent_url):
    monkeypatch.setattr(devnet, "URL", silent_url)
    with pytest.raises(UserError, match="start it with `ape run devnet`"):
        devnet.require_devnet(devnet.NETWORK)
    devnet.require_devnet("ethereum:mainnet:node")


def test_another_chain_in_the_way_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(devnet, "chain_id_at", lambda url: 5)
    with (
        pytest.raises(UserError, match="is chain 5, not a devnet"),
        devnet.anvil(tmp_path),
    ):
        pass


@pytest.mark.parametrize("alias", ["nobody-at-all", "TEST::x"])
def test_an_unknown_account_is_one_line(alias):
    with pytest.raises(UserError, match=f"no account {alias}; "):
        devnet.load_account(alias)
