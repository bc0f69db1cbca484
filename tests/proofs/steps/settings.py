"""
Layer 3: calls of deployed contracts that keep what the protocol promises.

Shown on the runtime code, from any state: what is true of the words before a call and
after it is a step of an induction over all calls.
"""

from tests.proofs.proof import Mutant
from tests.proofs.steps.claims import (
    CLEARINGHOUSE,
    FIELDS,
    ORACLE,
    a_field_is_read_alone,
    a_field_is_set_alone,
    cancel_sets_one_bit,
    cancel_word_sets_its_mask,
    operators_change_for_their_owner,
    settings_keep_the_lists,
)
from tests.proofs.transition import Step

_NONCES = "contracts/modules/nonces.vy"
_DESK = "contracts/QuoteDesk.vy"
_PACKING = "contracts/modules/packing.vy"
_CONSTRUCTOR = CLEARINGHOUSE.to_bytes(32, "big") + ORACLE.to_bytes(32, "big")
_CHECK = """\
    assert self._may_trade(account, msg.sender), errors.NOT_AUTHORISED
    nonces._use(account, nonce)
"""

_ACCOUNTS = "contracts/AccountCode.vy"
_ACCOUNT_MODULE = "contracts/modules/accounts.vy"
_MARGIN = (1).to_bytes(32, "big")

PROOFS = (
    Step(
        "step.account_code.set_operator",
        "An account's owner, and nobody else, sets the rights of one operator over it; "
        "no other word changes.",
        _ACCOUNTS,
        "set_operator",
        ("account", "operator", "rights"),
        operators_change_for_their_owner,
        (
            Mutant(
                _ACCOUNTS,
                "assert msg.sender == accounts._owner(account), errors.NOT_AUTHORISED"
                "\n    assert rights",
                "accounts._require_authorised(account, msg.sender, 2)"
                "\n    assert rights",
            ),
            Mutant(
                _ACCOUNTS,
                "state.operators[account][operator] = rights",
                "state.operators[account][operator] |= rights",
            ),
        ),
        _MARGIN,
    ),
    Step(
        "step.account_code.set_settings",
        "Who may trade for an account sets the fields of its header that are its "
        "settings; its lists of assets and markets, the bits of its orders, and all "
        "else, stay.",
        _ACCOUNTS,
        "set_settings",
        ("account", "lend", "repay", "borrow", "realise", "leverage"),
        settings_keep_the_lists,
        (
            Mutant(
                _ACCOUNT_MODULE,
                "((state.headers[account] >> 32) << 32) | chosen",
                "((state.headers[account] >> 64) << 64) | chosen",
            ),
            Mutant(
                _ACCOUNT_MODULE,
                "        chosen |= _IS_NOT_REPAYING\n",
                "        chosen |= _IS_NOT_BORROWING\n",
            ),
        ),
        _MARGIN,
    ),
    Step(
        "step.quote_desk.cancel",
        "It sets the bit of an unused nonce, changes nothing else, and refuses only "
        "who may not trade and what is used.",
        _DESK,
        "cancel",
        ("account", "nonce"),
        cancel_sets_one_bit,
        (
            Mutant(_NONCES, "= used | bit", "= used ^ (bit << 1)"),
            Mutant(_NONCES, "assert used & bit == 0", "assert used == 0"),
            Mutant(_NONCES, "word: uint256 = nonce >> 8", "word: uint256 = nonce >> 9"),
            Mutant(_DESK, _CHECK, "    nonces._use(account, nonce)\n"),
        ),
        _CONSTRUCTOR,
    ),
    Step(
        "step.quote_desk.cancel_word",
        "It sets the bits of its mask; no bit of any account's nonces is ever cleared.",
        _DESK,
        "cancel_word",
        ("account", "word", "mask"),
        cancel_word_sets_its_mask,
        (Mutant(_NONCES, "[word] |= mask", "[word] ^= mask"),),
        _CONSTRUCTOR,
    ),
    Step(
        "step.packing.set",
        "Every field is set to what fits it, whatever the word; no other bit changes.",
        "tests/harness/PackingHarness.vy",
        "set",
        ("word", "offset", "width", "amount"),
        a_field_is_set_alone,
        (
            Mutant(_PACKING, "(word & ~mask) |", "word |"),
            Mutant(
                _PACKING, "    assert amount >> width == 0", "    assert amount > 0"
            ),
        ),
        cases=FIELDS,
    ),
    Step(
        "step.packing.get",
        "Every field of a packed word is read without the others.",
        "tests/harness/PackingHarness.vy",
        "get",
        ("word", "offset", "width"),
        a_field_is_read_alone,
        (
            Mutant(
                _PACKING,
                "(word >> offset) & ~(max_value(uint256) << width)",
                "(word >> offset)",
            ),
        ),
        cases=FIELDS,
    ),
)
