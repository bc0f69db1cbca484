"""
Sweeps of shifts, bits, bisections and roots: each case is looked at.

A bisection is tried with every share from which it could find that margin is met; that
what heals at some share does so at a larger one is not part of it.
"""

from types import ModuleType

from tests.proofs.lemmas.grid import Sweep
from tests.proofs.proof import Mutant


def _mutants(module: str, *pairs: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"specs/{module}.py", old, new) for old, new in pairs)


def _finds_share(slices: ModuleType, share: int) -> bool:
    slices.heals = lambda *given: given[-1] >= share
    return bool(slices.compute_parts(0, 0, (), 0) == min(share, slices.PARTS))


def _finds_fraction(backstop: ModuleType, share: int) -> bool:
    backstop.heals = lambda *given: given[-1] >= share
    found = backstop.compute_fraction(1, 0, ())
    return bool(found == min(share, backstop.PARTS))


def _is_root(fixed_point: ModuleType, number: int) -> bool:
    """Tell it of a small number and of one beside a large square."""
    large = number * 10**25
    roots = [
        (each, fixed_point.sqrt_down(each)) for each in (number, large * large - 1)
    ]
    return all(root * root <= each < (root + 1) ** 2 for each, root in roots)


def _decays(decay: ModuleType, elapsed: int) -> bool:
    """
    Tell whether a second's part is between 1 - 1/T and 1 - 1/T + 1/2T**2, as of an
    exponential, but for the roundings; and that it ends with nothing.
    """
    period = 60
    before, after = (
        decay.compute_decay_down(each, period) for each in (elapsed, elapsed + 1)
    )
    low = before * (2 * period**2 - 2 * period)
    high = (before + 1) * (2 * period**2 - 2 * period + 1)
    is_first = elapsed > 0 or before == 10**18
    is_last = elapsed < 42 * period or before == 0
    square = 2 * period**2
    is_alike = low - square <= square * after <= high
    return bool(is_first and is_last and is_alike and 0 <= after <= before)


def _is_bit(nonces: ModuleType, nonce: int) -> bool:
    """Tell whether a nonce, used either way, has its bit and no other has."""
    word, bit = divmod(nonce, 256)
    once = nonces.use(nonces.UNUSED, 7, nonce)
    masked = nonces.use_word(nonces.UNUSED, 7, word, 1 << bit)
    read = [nonces.compute_word(once, 7, each) for each in range(3)]
    others = nonces.compute_word(once, 8, word)
    try:
        nonces.use(once, 7, nonce)
        is_refused = False
    except Exception as refusal:
        is_refused = type(refusal).__name__ == "NonceUsed"
    expected = [1 << bit if each == word else 0 for each in range(3)]
    return once == masked and read == expected and others == 0 and is_refused


def _adds(loosening: ModuleType, case: int) -> bool:
    old, new = divmod(case, 16)
    gained = [bit for bit in range(4) if new >> bit & 1 and not old >> bit & 1]
    return bool(loosening.adds_roles(old, new) == bool(gained))


def _has_slot(order_slots: ModuleType, slot: int) -> bool:
    orders = (generation << 40 | slot << 32 | 9 for generation in (1, 2**60))
    return all(order_slots.get_slot(order) == slot for order in orders)


def _is_mapped(tick_set: ModuleType, tick: int) -> bool:
    words = tick_set.compute_bitmap([tick, 0])
    bits = {
        256 * word + bit
        for word in words
        if word != tick_set.SUMMARY
        for bit in range(256)
        if words[word] >> bit & 1
    }
    return bool(bits == {tick, 0} and words[256] == 1 | 1 << tick // 256)


def _is_owners(accounts: ModuleType, case: int) -> bool:
    owner, number = 2**159 + case, 2**96 - 1 - case
    account = accounts.compute_account(owner, number)
    return bool(accounts.get_owner(account) == owner and account % 2**96 == number)


PROOFS = (
    Sweep(
        "specs.slices",
        "the_smallest_share_is_found",
        "Whatever share of a leg meets initial margin, no larger one is closed.",
        _finds_share,
        lambda _: range(1, 2**16 + 2, 7),
        _mutants(
            "slices",
            ("        else:\n            failing = parts", "        failing += 1"),
        ),
        serves=("I34",),
    ),
    Sweep(
        "specs.backstop",
        "the_smallest_fraction_is_found",
        "Whatever share of an account meets initial margin, no larger one is taken.",
        _finds_fraction,
        lambda _: range(1, 2**16 + 2, 7),
        _mutants("backstop", ("for _ in range(16):", "for _ in range(15):")),
        serves=("I34",),
    ),
    Sweep(
        "specs.fixed_point",
        "a_square_root_rounds_down",
        "The root of a small number, and of one below a large square, rounds down.",
        _is_root,
        lambda _: range(1, 5_000),
        _mutants("fixed_point", ("return isqrt(x)", "return isqrt(x + 1)")),
        serves=("I7",),
    ),
    Sweep(
        "specs.decay",
        "a_decay_falls_alike_each_second",
        "Each second takes the same part of what is left, until nothing is.",
        _decays,
        lambda _: range(0, 2_530, 11),
        _mutants("decay", ("term *= -x / k", "term *= -x / (k + 1)")),
        serves=("I29",),
    ),
    Sweep(
        "specs.nonces",
        "a_nonce_has_its_bit",
        "A used nonce is one bit of its account's words, and is not used again.",
        _is_bit,
        lambda _: range(768),
        _mutants(
            "nonces",
            ("        raise NonceUsed\n", "        pass\n"),
            ("first = word * WORD_BITS", "first = word"),
            ("mask >> bit & 1)", "mask >> bit)"),
        ),
        serves=("I46",),
    ),
    Sweep(
        "specs.loosening",
        "a_role_that_is_added_is_seen",
        "Whoever gets a role that it did not have is let more than before.",
        _adds,
        lambda _: range(256),
        _mutants("loosening", ("return new & ~old != 0", "return new > old")),
        serves=("I43",),
    ),
    Sweep(
        "specs.order_slots",
        "an_order_has_its_slot",
        "The slot of an order is read from its id, whatever its generation.",
        _has_slot,
        lambda _: range(256),
        _mutants("order_slots", ("order >> 32 & 255", "order >> 32 & 127")),
        serves=("I27",),
    ),
    Sweep(
        "specs.tick_set",
        "a_tick_has_its_bit",
        "The bitmap has a bit for each tick, and its summary one for each word.",
        _is_mapped,
        lambda _: range(0, 57 * 512, 5),
        _mutants("tick_set", ("| 1 << bit", "+ (2 << bit)")),
        serves=("I3",),
    ),
    Sweep(
        "specs.accounts",
        "an_account_has_its_owner",
        "Owner and number are read from an account as they were put.",
        _is_owners,
        lambda _: range(1_000),
        _mutants("accounts", ("(owner << 96 | number)", "(owner << 95 | number)")),
        serves=("I14",),
    ),
)
