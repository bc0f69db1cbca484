"""
Layer 3 of what users call: tokens come in, go out, change accounts and are lent.

The books are the ledger's (``ledgers.py``), cut out here; what is left is said in
``custody_claims.py``.
"""

from collections.abc import Callable

from tests.proofs.lifter.integers import Integers
from tests.proofs.proof import Mutant
from tests.proofs.steps.accruals import LOAD_ACCRUED
from tests.proofs.steps.bodies import (
    ACCOUNT_CODE,
    CLEARINGHOUSE,
    MAKER_CODE,
    SPOT_CODE,
    VAULTS,
    proved,
)
from tests.proofs.steps.custody_claims import (
    KINDS,
    batches,
    borrows,
    deposits,
    lends,
    permits,
    repays,
    transfers,
    withdraws,
)
from tests.proofs.steps.exposure import OWES_NOTHING
from tests.proofs.steps.ledgers import (
    BORROW,
    DEPOSIT,
    LEND,
    REPAY,
    UNLEND_CALL,
    WITHDRAW,
    writes_guards,
)
from tests.proofs.steps.pools import (
    CREDIT,
    DEBIT,
)
from tests.proofs.steps.venues import if_it_succeeds
from tests.proofs.summary import Summary, nothing
from tests.proofs.transition import Step

_MARGIN = "contracts/modules/margin.vy"
_CUSTODY = "contracts/modules/custody.vy"
_CODE = "contracts/AccountCode.vy"

CHECK_UTILISATION = Summary(
    "pool_limits._check_utilisation",
    ("asset", "before", "after"),
    "It may remember the throttle's step in the pool's guards, and writes nothing "
    "else.",
    nothing,
    (
        Mutant(
            "contracts/modules/guards.vy",
            "    changed: uint256 = self._check_utilisation(word, before, after, "
            "block.timestamp)\n    if changed != word:\n        state.guards[asset]",
            "    changed: uint256 = self._check_utilisation(word, before, after, "
            "block.timestamp)\n    if changed != word:\n        state.guards[before]",
        ),
    ),
    writes_guards,
    theories=(Integers,),
    serves=("I4", "I13"),
)


def _step(
    name: str,
    contract: str,
    statement: str,
    arguments: tuple[str, ...],
    claim: Callable[..., None],
    cuts: tuple[Summary, ...],
    serves: tuple[str, ...],
    *mutants: Mutant,
    kinds: tuple[str, ...] = (),
    cases: tuple[dict[str, int], ...] = ({},),
    identity: str = "",
) -> Step:
    stem = "account_code" if contract == ACCOUNT_CODE else "clearinghouse"
    return Step(
        f"step.{stem}.{identity or name}",
        statement,
        contract,
        name,
        arguments,
        if_it_succeeds(claim),
        mutants,
        b"",
        theories=(Integers,),
        cuts=tuple(summary.cut for summary in cuts),
        keeps_refusals=False,
        serves=serves,
        kinds=kinds,
        cases=cases,
    )


_BODY = "contracts/Clearinghouse.vy"
PROOFS = (
    proved(CHECK_UTILISATION, (*VAULTS, SPOT_CODE, MAKER_CODE)),
    proved(OWES_NOTHING, (CLEARINGHOUSE,)),
    _step(
        "withdraw",
        CLEARINGHOUSE,
        "Only who may withdraw does it, of no bound account; margin is judged after "
        "the last write, or money_market._owes_nothing(account), asked then, is true; "
        "the tokens booked leave, last of all; no other account changes.",
        ("account", "asset", "tokens", "receiver"),
        withdraws,
        (WITHDRAW, CHECK_UTILISATION, OWES_NOTHING),
        ("I1", "I11", "I13", "I14", "I36"),
        Mutant(
            _BODY,
            "    custody._send(token, receiver, sent)",
            "    custody._send(token, receiver, tokens)",
        ),
        Mutant(
            _BODY,
            "    accounts._require_free(account)\n"
            "    token: uint256 = state.token[asset]\n    sent",
            "    token: uint256 = state.token[asset]\n    sent",
        ),
        Mutant(
            _BODY,
            "    found: IClearinghouse.Health = health._assess(account)\n"
            "    margin._check_initial_margin(found)\n",
            "    found: IClearinghouse.Health = health._assess(asset)\n"
            "    margin._check_initial_margin(found)\n",
        ),
        Mutant(
            _BODY,
            "    if not money_market._owes_nothing(account):",
            "    if not money_market._owes_nothing(asset):",
        ),
        Mutant(
            _BODY,
            "    if not money_market._owes_nothing(account):",
            "    if money_market._owes_nothing(account):",
        ),
    ),
    _step(
        "borrow",
        CLEARINGHOUSE,
        "Only who may withdraw does it, of no bound account; margin is judged after "
        "the "
        "last write; the tokens booked leave, last of all; no other account changes.",
        ("account", "asset", "tokens", "receiver"),
        borrows,
        (BORROW, CHECK_UTILISATION),
        ("I1", "I11", "I13", "I14", "I36"),
        Mutant(
            _MARGIN,
            "health.initial_equity >= health.initial_margin\n    ), errors.BELOW",
            "health.equity >= health.initial_margin\n    ), errors.BELOW",
        ),
    ),
    _step(
        "deposit",
        CLEARINGHOUSE,
        "The tokens booked come in, last of all, to the unit; no stranger adds to what "
        "may be liquidated; no other account changes.",
        ("account", "asset", "tokens"),
        deposits,
        (DEPOSIT,),
        ("I1", "I13", "I14", "I38"),
        Mutant(
            _CUSTODY,
            "== before + tokens, errors.TRANSFER_SHORT",
            "<= before + tokens, errors.TRANSFER_SHORT",
        ),
        Mutant(
            _BODY,
            "        assert not margin._is_liquidatable(",
            "        assert margin._is_liquidatable(",
        ),
        Mutant(
            _BODY,
            "            health._assess(account)\n"
            "        ), errors.BELOW_INITIAL_MARGIN",
            "            health._assess(asset)\n        ), errors.BELOW_INITIAL_MARGIN",
        ),
    ),
    _step(
        "repay",
        CLEARINGHOUSE,
        "The tokens booked come in, last of all, to the unit, and no more than "
        "offered; "
        "no other account changes.",
        ("account", "asset", "tokens"),
        repays,
        (REPAY,),
        ("I1", "I13", "I14"),
        Mutant(
            _BODY,
            "    custody._collect(token, msg.sender, taken)",
            "    custody._collect(token, msg.sender, tokens)",
        ),
    ),
    _step(
        "transfer",
        ACCOUNT_CODE,
        "Only who may withdraw moves assets, of no bound account, to another one of "
        "the "
        "same owner; cash and idle tokens stay, each side's slack does not fall, "
        "margin "
        "is judged last.",
        ("giver", "taker", "asset", "amount"),
        transfers,
        (LOAD_ACCRUED, DEBIT, CREDIT),
        ("I1", "I2", "I11", "I13", "I14"),
        Mutant(_CODE, "    accounts._require_free(giver)\n", ""),
        Mutant(
            _CODE,
            "pool = money_market._credit(taker, asset, pool, amount)",
            "pool = money_market._credit(taker, asset, pool, amount + 1)",
        ),
        Mutant(
            _CODE,
            "    health._require_initial_margin(giver)\n",
            "    health._require_initial_margin(taker)\n",
        ),
    ),
    _step(
        "lend",
        ACCOUNT_CODE,
        "Only who may trade lends what is idle; margin is judged after the last "
        "write; no "
        "token moves and no other account changes.",
        ("account", "asset", "amount"),
        lends,
        (LEND,),
        ("I11", "I13", "I14"),
        Mutant(
            _CODE,
            "    accounts._require_authorised(account, msg.sender, accounts.TRADE)\n"
            "    ledger._lend",
            "    ledger._lend",
        ),
    ),
    _step(
        "unlend",
        ACCOUNT_CODE,
        "Only who may trade takes a lend back; margin is judged after the last write; "
        "no "
        "token moves and no other account changes.",
        ("account", "asset", "amount"),
        lends,
        (UNLEND_CALL, CHECK_UTILISATION),
        ("I11", "I13", "I14"),
        Mutant(
            _CODE,
            "    found: IClearinghouse.Health = health._assess(account)\n"
            "    margin._check_initial_margin(found)\n    if found.exposure != 0:\n"
            "        pool_limits._check_utilisation(\n            asset,\n"
            "            money_market._utilisation(asset, before),\n"
            "            money_market._utilisation(asset, "
            "money_market._load(asset)),\n        )\n\n\n@external\ndef set_operator",
            "    found: IClearinghouse.Health = health._assess(account)\n\n\n"
            "@external\ndef set_operator",
        ),
    ),
    _step(
        "deposit_with_permit",
        ACCOUNT_CODE,
        "The token is shown an approval before every write; then as a deposit.",
        ("account", "asset", "tokens", "deadline", "v", "r", "s"),
        permits,
        (DEPOSIT,),
        ("I1", "I13", "I14", "I38"),
        Mutant(
            _CODE,
            "    custody._permit(token, msg.sender, tokens, deadline, v, r, s)\n"
            "    if not ledger._deposit(token, account, asset, tokens, msg.sender):",
            "    is_own: bool = ledger._deposit(token, account, asset, tokens, "
            "msg.sender)\n"
            "    custody._permit(token, msg.sender, tokens, deadline, v, r, s)\n"
            "    if not is_own:",
        ),
    ),
    _step(
        "batch",
        ACCOUNT_CODE,
        "A batch of one step, whatever its kind, asks for the right, the margin and "
        "the "
        "tokens that the step's own call asks for, in the same order.",
        ("account", "offset", "length", "kind", "asset", "tokens", "receiver"),
        batches,
        (DEPOSIT, REPAY, WITHDRAW, BORROW, LEND, UNLEND_CALL, CHECK_UTILISATION),
        ("I1", "I11", "I13", "I14"),
        Mutant(
            _CODE,
            "        if step.kind == WITHDRAW or step.kind == BORROW:\n"
            "            right",
            "        if step.kind == WITHDRAW:\n            right",
        ),
        Mutant(
            _CODE,
            "        if step.kind != DEPOSIT and step.kind != REPAY:\n"
            "            is_risky = True",
            "        if step.kind == BORROW:\n            is_risky = True",
        ),
        kinds=("uint256",) * 6 + ("address",),
        cases=tuple({"offset": 64, "length": 1, "kind": kind} for kind in KINDS),
    ),
)
