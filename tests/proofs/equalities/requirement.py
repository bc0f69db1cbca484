"""
Layer 2 of requirements: how much of an asset counts, how much margin a size binds.

Square roots are one unknown function on both sides.
"""

from specs import dynamic_margin, packing, requirements
from specs.fixed_point import PPM
from specs.packing import get_field
from specs.requirements import Haircut, Requirement, Scales
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within

SQUARES = 2**200
"""Above every amount of which a root is taken."""


def scale(risk: int, mark: int) -> int:
    """Return the margin fields of a word, raised by the scales in another."""
    assume(scales_fit(risk, mark))
    names = ("base_imf", "base_mmf", "imf_factor", "mmf_factor")
    fields = {n: get_field(risk, packing.RISK[n]) for n in names}
    scales = Scales(
        get_field(mark, packing.MARK["imf_scale"]),
        get_field(mark, packing.MARK["mmf_scale"]),
        get_field(mark, packing.MARK["open_interest_imf"]),
    )
    scaled = requirements.scale(Requirement(**fields), scales)
    return sum(getattr(scaled, n) * 2 ** packing.RISK[n].offset for n in names)


def scales_fit(risk: int, mark: int) -> bool:
    """Tell whether scaled fractions fit their fields: below 1, scales below 16."""
    return within(
        (get_field(risk, packing.RISK["base_imf"]), 0, PPM),
        (get_field(risk, packing.RISK["base_mmf"]), 0, PPM),
        (get_field(mark, packing.MARK["open_interest_imf"]), 0, PPM),
        (get_field(mark, packing.MARK["imf_scale"]), 0, 160_000),
        (get_field(mark, packing.MARK["mmf_scale"]), 0, 160_000),
    )


def margin_fits(base: int, factor: int, notional: int) -> bool:
    """Tell whether fraction, factor and notional are some that can be stored."""
    return within((base, 0, 2**24), (factor, 0, 2**40), (notional, 0, 2**128))


REQUIREMENTS = (
    same(
        "requirements._sqrt_up",
        requirements.sqrt_up,
        ("fp._sqrt_down(x - 1) + 1", "fp._sqrt_down(x) + 1"),
        ("    if x == 0:\n        return 0\n", ""),
    ),
    same(
        "requirements._compute_weight",
        lambda weight, factor, held: requirements.compute_weight(
            Haircut(weight, factor), held
        ),
        ("cap: uint256 = weight * _PPM_UNIT", "cap: uint256 = weight + _PPM_UNIT"),
        ("min(cap, fp._mul_div_down(WEIGHT_CAP", "min(cap, fp._mul_div_up(WEIGHT_CAP"),
        fits=lambda weight, factor, held: within(
            (weight, 0, 2**24), (factor, 0, 2**40), (held, 0, SQUARES)
        ),
    ),
    same(
        "requirements._compute_fraction",
        lambda base, factor, notional: requirements.compute_fraction(
            base, factor, notional
        ),
        (
            "self._sqrt_up(notional), _ROOT_UNIT)\n    return max(",
            "self._sqrt_up(notional), _ROOT_UNIT)\n    return min(",
        ),
        fits=margin_fits,
    ),
    same(
        "requirements._compute_margin",
        lambda base, factor, notional: requirements.compute_initial_margin(
            Requirement(base, 0, factor, 0), notional
        ),
        ("fp._mul_div_up(fraction, notional", "fp._mul_div_down(fraction, notional"),
        fits=margin_fits,
    ),
    same(
        "requirements._scale",
        scale,
        ("max(risk & _LOW_24, (mark >> 32) & _LOW_24)", "risk & _LOW_24"),
        ("unsafe_mul(base_mmf, mmf)", "unsafe_mul(base_mmf, imf)"),
    ),
    same(
        "dynamic_margin._compute_scale",
        dynamic_margin.compute_scale,
        ("min(scale, kappa_max)", "max(scale, kappa_max)"),
        fits=lambda variance, sigma_ref, kappa_max: within(
            (variance, 0, 2**128), (sigma_ref, 0, 2**32), (kappa_max, 0, 2**16)
        ),
    ),
    same(
        "dynamic_margin._compute_open_interest_fraction",
        dynamic_margin.compute_open_interest_fraction,
        ("root, _FACTOR_UNIT), fp.PPM)", "root, _FACTOR_UNIT), fp.WAD)"),
        ("open_interest * lot, mark", "lot, mark"),
        fits=lambda oi_factor, open_interest, lot, mark: within(
            (oi_factor, 0, 2**40),
            (open_interest, 0, 2**60),
            (lot, 0, 10**18),
            (mark, 0, 2**100),
        ),
    ),
)

PROOFS = REQUIREMENTS
