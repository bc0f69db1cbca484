"""What is claimed of calls: the statements of layer 3, over words before and after."""

import z3

from specs import packing
from specs.errors import AmountTooLarge, NonceUsed, NotAuthorised, OutOfBounds
from tests.proofs.lifter.terms import Term, answer, build, constant, variable
from tests.proofs.transition import Transition

CLEARINGHOUSE = 0xC1
ORACLE = 0x0A
TRADE = 1
IS_AUTHORISED = 0x294B17E9
"""Selector of ``is_authorised(uint256,address,uint256)``."""

RIGHTS = 3
CALLER = variable("caller", 0, 2**160 - 1)

_ACCOUNT, _WORD = variable("any_account"), variable("any_word")
_ACTOR = variable("any_actor", 0, 2**160 - 1)


def may_trade(account: Term) -> Term:
    """Return what the Clearinghouse answers of the caller."""
    asked = (constant(CLEARINGHOUSE), account, CALLER, constant(TRADE))
    return answer(f"answer_{IS_AUTHORISED:08x}", 0, 2**256 - 1, *asked)


def cancel_sets_one_bit(step: Transition, account: Term, nonce: Term) -> None:
    """Show which bit of which word `cancel` sets, and when it refuses."""
    word = build("shr", constant(8), nonce)
    bit = step.word(build("shl", build("and", constant(255), nonce), constant(1)))
    before = step.before("nonce_words", account, word)
    is_allowed = step.word(may_trade(account)) == 1
    if step.reason == NotAuthorised.reason:
        step.holds(z3.Not(is_allowed), "who may trade is let through")
    elif step.reason == NonceUsed.reason:
        step.holds(before & bit != 0, "a nonce that is not used is accepted")
    elif step.succeeds:
        step.holds(is_allowed, "only who may trade cancels")
        step.holds(before & bit == 0, "a used nonce is refused")
        after = step.after("nonce_words", account, word)
        step.holds(after == before | bit, "its bit is set, and no other changes")
        other = z3.Or(
            step.word(_ACCOUNT) != step.word(account),
            step.word(_WORD) != step.word(word),
        )
        kept = step.after("nonce_words", _ACCOUNT, _WORD) == step.before(
            "nonce_words", _ACCOUNT, _WORD
        )
        step.holds(z3.Implies(other, kept), "no other word changes")
        step.writes_only("nonce_words")
    else:
        is_silent = step.word(variable("answered_1", 0, 1)) == 0
        is_no_answer = z3.UGT(step.word(may_trade(account)), 1)
        step.holds(z3.Or(is_silent, is_no_answer), "no other refusal")


def operators_change_for_their_owner(step: Transition, *input: Term) -> None:
    """Show who may set which rights, and that nobody else's change."""
    account, operator, rights = input
    owner = z3.LShR(step.word(account), 96)
    is_owner = step.word(CALLER) == owner
    if step.reason == NotAuthorised.reason:
        step.holds(z3.Not(is_owner), "the owner is let through")
    elif step.reason == OutOfBounds.reason:
        step.holds(z3.UGT(step.word(rights), RIGHTS), "known rights are accepted")
    elif step.succeeds:
        step.holds(is_owner, "only the owner gives rights")
        step.holds(z3.ULE(step.word(rights), RIGHTS), "other rights are refused")
        after = step.after("operators", account, operator)
        step.holds(after == step.word(rights), "the rights are those given")
        other = z3.Or(
            step.word(_ACCOUNT) != step.word(account),
            step.word(_ACTOR) != step.word(operator),
        )
        kept = step.after("operators", _ACCOUNT, _ACTOR) == step.before(
            "operators", _ACCOUNT, _ACTOR
        )
        step.holds(z3.Implies(other, kept), "no other rights change")
        step.writes_only("operators")


def settings_keep_the_lists(step: Transition, account: Term, *settings: Term) -> None:
    """Show that settings are stored as they are, and the rest of a header kept."""
    *flags, leverage = settings
    if not step.succeeds:
        return
    owner = z3.LShR(step.word(account), 96)
    right = step.before("operators", account, CALLER) & TRADE
    is_allowed = z3.Or(step.word(CALLER) == owner, right == TRADE)
    step.holds(z3.And(owner != 0, is_allowed), "only who may trade changes them")
    before, after = step.before("headers", account), step.after("headers", account)
    step.holds(z3.LShR(after, 64) == z3.LShR(before, 64), "lists and orders stay")
    for flag, (bit, is_inverse) in zip(flags, _SETTINGS, strict=True):
        is_set, is_wanted = after & (1 << bit) != 0, step.word(flag) == 1
        step.holds(is_set == (is_wanted != z3.BoolVal(is_inverse)), f"bit {bit}")
    low = z3.ZeroExt(224, z3.Extract(31, 0, after))
    step.holds(z3.LShR(low, 8) == step.word(leverage), "the limit of leverage")
    step.holds(low & 0xF0 == 0, "the bits that are free stay so")
    bound = z3.Extract(63, 32, after) == z3.Extract(63, 32, before)
    step.holds(bound, "who is bound stays so")
    kept = step.after("headers", _ACCOUNT) == step.before("headers", _ACCOUNT)
    is_other = step.word(_ACCOUNT) != step.word(account)
    step.holds(z3.Implies(is_other, kept), "no other account's header changes")
    step.writes_only("headers")


_SETTINGS = ((0, True), (3, True), (2, True), (1, False))
"""Bits of the flags lend, repay, borrow, realise; whether a set bit means no."""


def cancel_word_sets_its_mask(step: Transition, account: Term, *input: Term) -> None:
    """Show that `cancel_word` sets the bits of its mask, and no bit is ever cleared."""
    if not step.succeeds:
        return
    word, mask = input
    step.holds(step.word(may_trade(account)) == 1, "only who may trade cancels")
    before = step.before("nonce_words", account, word)
    after = step.after("nonce_words", account, word)
    step.holds(after == before | step.word(mask), "the bits of the mask are set")
    any_before = step.before("nonce_words", _ACCOUNT, _WORD)
    any_after = step.after("nonce_words", _ACCOUNT, _WORD)
    step.holds(any_before & any_after == any_before, "no bit of any word is cleared")
    step.writes_only("nonce_words")


def a_field_is_set_alone(step: Transition, *input: Term) -> None:
    """Show that `set` changes its field, and refuses what does not fit it."""
    word, offset, width, amount = map(step.word, input)
    field = (z3.BitVecVal(1, 256) << width) - 1
    if step.succeeds:
        after = step.result()
        place = field << offset
        step.holds(z3.ULE(amount, field), "what does not fit is refused")
        step.holds(after & place == amount << offset, "the field is the amount")
        step.holds(after & ~place == word & ~place, "no other bit changes")
    else:
        step.holds(z3.UGT(amount, field), "what fits is accepted")
        step.holds(z3.BoolVal(step.reason == AmountTooLarge.reason), "the reason")


def a_field_is_read_alone(step: Transition, *input: Term) -> None:
    """Show that `get` returns the bits of its field, shifted down."""
    word, offset, width = map(step.word, input)
    field = (z3.BitVecVal(1, 256) << width) - 1
    step.holds(z3.BoolVal(step.succeeds), "there is no refusal")
    step.holds(step.result() == z3.LShR(word, offset) & field, "the field is returned")


FIELDS = tuple(
    {"offset": field.offset, "width": field.width}
    for field in sorted(
        {
            field
            for name, layout in vars(packing).items()
            if name.isupper() and isinstance(layout, dict)
            for field in layout.values()
        },
        key=lambda field: (field.offset, field.width),
    )
)
"""Where the fields of all packed words are."""
