"""What `ape console` finds: a client of the deployment here, or how to come by one."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import ape_console_extras
from keeper.chain.ape import ApeChain, connected
from keeper.client.console import dress, open_console
from keeper.client.results import Depth, Level, Placed
from keeper.deployment import deploy, save
from keeper.devnet import demo_signers
from keeper.errors import UserError
from scripts.maker import cli as maker_command

NETWORK = "ethereum:local:test"


@pytest.fixture(scope="module")
def provider():
    with connected(NETWORK) as provider:
        yield provider


@pytest.fixture(scope="module")
def file(provider, tmp_path_factory):
    keys = demo_signers()
    publishers = [str(key.address) for key in keys[2:5]]
    chain = ApeChain(provider, keys)
    path = tmp_path_factory.mktemp("console") / "devnet.json"
    save(deploy(chain, str(keys[0].address), publishers), path)
    return path


@pytest.fixture(scope="module")
def names(provider, file):
    return open_console(provider, demo_signers(), file)


def test_a_console_has_a_client_accounts_books_and_help(names, capsys):
    account = names["account"](7)
    account.mint("USDC", 100)
    receipt = account.deposit("USDC", 60)
    assert account.balances()["USDC"].held == 60
    assert names["account"](7, 1).balances() == {}
    assert names["client"].instruments[0] == "BTC-PERP"
    assert names["book"]("BTC-PERP").best == (None, None)
    names["help_rucksack"]()
    assert "help_rucksack() prints this page" in capsys.readouterr().out
    assert receipt.block.number > 0


def test_a_refusal_is_one_line_and_nothing_is_sent(names, provider, capfd):
    account, block = names["account"](7), provider.get_block("latest").number
    with pytest.raises(UserError) as refused:
        account.withdraw("USDC", 10**6)
    assert str(refused.value) == (
        "withdraw: insufficient balance: take at most what `balances()` says is held"
    )
    assert provider.get_block("latest").number == block
    assert capfd.readouterr().out == ""


def test_a_key_that_there_is_not_is_one_line(names):
    with pytest.raises(UserError, match="no key 10; there are 0 to 9"):
        names["account"](10)


@pytest.mark.parametrize("is_connected", [True, False])
def test_without_a_deployment_there_is_help(provider, tmp_path, capsys, is_connected):
    found = open_console(
        provider if is_connected else None, demo_signers(), tmp_path / "no.json"
    )
    assert found.keys() == {"help_rucksack"}
    found["help_rucksack"]()
    said = capsys.readouterr().out
    assert "no deployment here: `ape run devnet`, then" in said
    assert ("no.json: no such file" in said) == is_connected


def test_the_extras_are_what_ape_loads(provider, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    keys = demo_signers()

    class Accounts:
        test_accounts = keys

        def __iter__(self):
            return iter(())

    networks = SimpleNamespace(active_provider=provider)
    found = ape_console_extras.ape_init_extras(Accounts(), networks)
    assert {"client", "account", "book", "help_rucksack"} == found.keys()


class Shell:
    """As much of an IPython shell as is dressed."""

    def __init__(self):
        self.kinds, self.printers = (), {}
        formatter = SimpleNamespace(for_type=self.printers.__setitem__)
        formatters = {"text/plain": formatter}
        self.display_formatter = SimpleNamespace(formatters=formatters)

    def set_custom_exc(self, kinds, handler):
        self.kinds, self.handler = kinds, handler

    def shown(self, thing):
        lines = []
        self.printers[type(thing)](thing, SimpleNamespace(text=lines.append), False)
        return lines[0]


def test_a_shell_shows_refusals_and_results_in_a_line(names, capsys):
    shell = Shell()
    dress(shell)
    assert shell.kinds == (UserError,)
    shell.handler(shell, UserError, UserError("too late"), None)
    assert capsys.readouterr().out == "too late\n"
    receipt = names["account"](7).mint("USDC", 1)
    assert shell.shown(receipt).endswith(" gas: Transfer")
    assert shell.shown(Placed("SOL", True, (), 5, None, 0)) == "order 5 rests"
    assert shell.shown(Depth([Level(1, 2, 2)], [])).startswith("bid")


def test_the_maker_s_command_places_what_it_may_and_stops(file):
    place = ("--network", NETWORK, "--deployment", str(file))
    done = CliRunner().invoke(maker_command, [*place, "--rounds", "1"])
    assert (done.exit_code, done.output) == (0, "")


def test_without_a_devnet_the_maker_s_command_says_one_line(monkeypatch):
    monkeypatch.setattr("keeper.devnet.chain_id_at", lambda url: None)
    done = CliRunner().invoke(maker_command, [])
    assert done.exit_code == 2
    assert done.output.startswith("nothing answers at http://127.0.0.1:8545")
