"""Amounts as reports write them."""

from specs.fixed_point import WAD


def decimal(wad: int) -> str:
    """Return a WAD amount as a decimal string, exactly and without idle zeros."""
    sign, wad = ("-" if wad < 0 else ""), abs(wad)
    whole, rest = divmod(wad, WAD)
    digits = f"{rest:018d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
