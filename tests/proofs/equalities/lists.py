"""
Layer 2 of packing, and of which parameters loosen: fields of words at known places.

What `packing.vy` does for any place is shown for those that words have.
"""

from collections.abc import Callable

from specs import loosening, packing, providers
from specs.guards import Guards
from specs.interest_rate import Curve
from specs.packing import Field, Word, get_field
from specs.requirements import Haircut, Requirement
from specs.state import Cull, Fees, Limits
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within

# Packing

FIELDS = {
    (field.offset, field.width)
    for word in [*vars(packing).values(), *providers.WORDS.values()]
    if isinstance(word, dict)
    for field in word.values()
    if isinstance(field, Field)
}
PLACES = tuple({"offset": o, "width": w} for o, w in sorted(FIELDS) if w < 256)
WIDTHS = tuple({"width": w} for w in sorted({w for _, w in FIELDS}) if w < 256)


def fit(amount: int, width: int) -> int:
    """Return an amount that must fit."""
    return packing.pack({"it": amount}, {"it": Field(0, width)})


def fit_signed(amount: int, width: int) -> int:
    """Return an amount that must fit, in two's complement."""
    return packing.pack({"it": amount}, {"it": Field(0, width, is_signed=True)})


PACKING = (
    same(
        "packing._get",
        lambda word, offset, width: get_field(word, Field(offset, width)),
        (
            "return (word >> offset) & ~(max_value(uint256) << width)",
            "return (word >> offset) & (1 << width)",
        ),
        cases=PLACES,
    ),
    same(
        "packing._get_signed",
        lambda word, offset, width: get_field(word, Field(offset, width, True)),
        ("int256) >> unsafe_sub(256, width)", "int256) >> unsafe_sub(255, width)"),
        cases=PLACES,
    ),
    same(
        "packing._fit",
        fit,
        ("assert amount >> width == 0", "assert amount >> width <= 1"),
        cases=WIDTHS,
    ),
    same(
        "packing._fit_signed",
        fit_signed,
        ("assert sign == 0 or sign == -1", "assert sign == 0 or sign == 1"),
        cases=WIDTHS,
    ),
)

# Loosening


def read(kind: Callable, layout: Word, old: int, new: int) -> tuple:
    """Return parameters before and after, from their words."""
    names = [name for name in kind.__dataclass_fields__ if name in layout]
    return tuple(
        kind(**{name: get_field(word, layout[name]) for name in names})
        for word in (old, new)
    )


def is_looser_caps(old: int, new: int) -> bool:
    """Return whether a cap in the word of a curve lets more through."""
    caps = [packing.CURVE["supply_cap"], packing.CURVE["borrow_cap"]]
    return any(
        loosening.is_looser_cap(get_field(old, cap), get_field(new, cap))
        for cap in caps
    )


def is_looser_haircut(target: int, old: int, new: int) -> bool:
    """Return whether more counts than the target and the old factor have it."""
    before = Haircut(target, get_field(old, packing.QUOTE["factor"]))
    weight = get_field(new, packing.QUOTE["weight"])
    after = Haircut(weight, get_field(new, packing.QUOTE["factor"]))
    return loosening.is_looser_haircut(before, after)


def is_looser_risk(old: int, new: int) -> bool:
    """Return whether less margin is bound, or a fee is higher."""
    requirements = read(Requirement, packing.RISK, old, new)
    fees = read(Fees, packing.RISK, old, new)
    return loosening.is_looser_requirement(*requirements) or loosening.is_dearer(*fees)


def rises(old: int, new: int, offset: int, width: int) -> bool:
    """Return whether a field rises."""
    field = Field(offset, width)
    return get_field(new, field) > get_field(old, field)


def rises_or_ends(old: int, new: int, offset: int, width: int) -> bool:
    """Return whether a limit, 0 for none, lets more through."""
    field = Field(offset, width)
    return loosening.is_looser_cap(get_field(old, field), get_field(new, field))


def adds_roles(old: int, new: int) -> bool:
    """Return whether one of the four roles is new."""
    assume(within((new, 0, 15)))
    return any(new // bit % 2 > old // bit % 2 for bit in (1, 2, 4, 8))


SOME = (
    {"offset": 0, "width": 32},
    {"offset": 176, "width": 40},
    {"offset": 192, "width": 64},
)

LOOSENING = (
    same(
        "loosening._is_lower_curve",
        lambda old, new: loosening.is_lower_curve(
            *read(Curve, packing.CURVE, old, new)
        ),
        ("or self._rises(old, new, 120, 24)", "or self._falls(old, new, 120, 24)"),
        ("before += packing._get(old, 80, 40)", "before += packing._get(old, 80, 39)"),
    ),
    same(
        "loosening._is_looser_caps",
        is_looser_caps,
        ("        old, new, 216, 40\n", "        old, new, 216, 39\n"),
    ),
    same(
        "loosening._is_looser_haircut",
        is_looser_haircut,
        ("packing._get(new, 40, 24) > target", "packing._get(new, 40, 24) >= target"),
    ),
    same(
        "loosening._is_looser_risk",
        is_looser_risk,
        ("or self._falls(old, new, 88, 40)", "or self._rises(old, new, 88, 40)"),
    ),
    same(
        "loosening._is_looser_guards",
        lambda old, new: loosening.is_looser_guards(
            *read(Guards, packing.GUARDS, old, new)
        ),
        (
            "packing._get(old, 32, 16) != 0 and self",
            "packing._get(new, 32, 16) != 0 and self",
        ),
        (
            "or self._rises_or_ends(old, new, 32, 16)",
            "or self._rises(old, new, 32, 16)",
        ),
    ),
    same(
        "loosening._is_looser_limits",
        lambda old, new: loosening.is_looser_limits(
            *read(Limits, packing.LIMITS, old, new)
        ),
        (
            "or self._rises_or_ends(old, new, 24, 32)",
            "or self._falls(old, new, 24, 32)",
        ),
    ),
    same(
        "loosening._is_looser_cull",
        lambda old, new: loosening.is_looser_cull(*read(Cull, packing.CULL, old, new)),
        (
            "or self._rises_or_ends(old, new, 64, 64)",
            "or self._rises_or_ends(old, new, 0, 64)",
        ),
    ),
    same(
        "loosening._adds_roles",
        adds_roles,
        ("return new & ~old != 0", "return new & old != 0"),
        cases=tuple({"old": old} for old in range(16)),
    ),
    same(
        "loosening._rises",
        rises,
        (
            "packing._get(new, offset, width) > packing._get(old",
            "packing._get(new, offset, width) >= packing._get(old",
        ),
        cases=SOME,
    ),
    same(
        "loosening._falls",
        lambda old, new, offset, width: rises(new, old, offset, width),
        (
            "return self._rises(new, old, offset, width)",
            "return self._rises(old, new, offset, width)",
        ),
        cases=SOME,
    ),
    same(
        "loosening._rises_or_ends",
        rises_or_ends,
        (
            "    return unsafe_sub(packing._get(new, offset, width), 1) > before",
            "    return packing._get(new, offset, width) > before",
        ),
        cases=SOME,
    ),
)

PROOFS = (*PACKING, *LOOSENING)
