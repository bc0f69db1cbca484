"""
Prices from a CSV file.

The file has a header with `time` and any of the known assets, in any order; a time is
ISO-8601 in UTC and whole seconds, later in each row than in the one before; a price is
a positive decimal number of USDC. A file that is anything else changes nothing and
gets one line: `FILE:LINE: COLUMN: message`.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Final, NoReturn

from keeper.errors import UserError
from keeper.prices import START_PRICES, WAD
from keeper.prices.path import RowPath

# Beyond these a price is taken for a slip: times the start price, times the row before.
ABSURD: Final = 1000
ABSURD_STEP: Final = 10

_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class PriceFileError(UserError):
    """A price file that cannot be used."""


def read_prices(
    path: Path, start: int | None = None, end: int | None = None
) -> RowPath:
    """
    Return the path in the file at `path`, cut to [`start`, `end`] in seconds.

    Raise `PriceFileError` if the file is not as it should be, `UserError` if it does
    not cover the stretch that was asked for.
    """
    reader = _Reader(path)
    times, columns = reader.read()
    start = times[0] if start is None else start
    end = times[-1] if end is None else end
    span = f"the prices run from {show_time(times[0])} to {show_time(times[-1])}"
    if not times[0] <= start <= times[-1]:
        raise UserError(f"--from: {show_time(start)} is not in {path}: {span}")
    if not times[0] <= end <= times[-1]:
        raise UserError(f"--to: {show_time(end)} is not in {path}: {span}")
    if end < start:
        raise UserError(f"--to: {show_time(end)} is before --from {show_time(start)}")
    return RowPath(str(path), times, columns, start, end)


def cut(path: RowPath, start: int | None, end: int | None) -> RowPath:
    """Return the part of a built-in path between two times."""
    start = path.start if start is None else start
    end = path.end if end is None else end
    if not path.start <= start <= end <= path.end:
        raise UserError(
            f"--from, --to: the built-in prices run from {show_time(path.start)} to "
            f"{show_time(path.end)}"
        )
    return replace(path, start=start, end=end)


def parse_time(text: str) -> int:
    """Return a time in seconds; raise `ValueError` saying what is wrong with it."""
    try:
        moment = datetime.fromisoformat(text if text.isascii() else "")
    except ValueError:
        raise ValueError(
            f"is no time: {text[:40]!r}; write 2023-03-10T20:00:00Z"
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"has no time zone: {text!r}; write Z for UTC")
    if moment.utcoffset() != timedelta(0):
        raise ValueError(f"is not in UTC: {text!r}")
    if moment.microsecond:
        raise ValueError(f"has a fraction of a second: {text!r}")
    if moment.year < 1970:
        raise ValueError(f"is before 1970: {text!r}")
    return int(moment.timestamp())


def show_time(time: int) -> str:
    """Return a time in seconds as ISO-8601 in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_price(text: str, asset: str) -> int:
    """
    Return a price as WAD, further digits dropped.

    Raise `ValueError` saying what is wrong with it.
    """
    if not text:
        raise ValueError("is empty")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"is no number: {text[:40]!r}")
    with localcontext() as context:
        context.prec = 120
        value = Decimal(text)
        if value == 0:
            raise ValueError("is zero")
        if value < 0:
            raise ValueError(f"is negative: {text}")
        usual = Decimal(START_PRICES[asset]) / WAD
        if not usual / ABSURD <= value <= usual * ABSURD:
            raise ValueError(
                f"is absurd: {text} USDC, more than {ABSURD} times away from {usual}"
            )
        return int(value * WAD)


class _Reader:
    """One reading of one file; knows the line that it is at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line = 1

    def read(self) -> tuple[list[int], dict[str, list[int]]]:
        """Return the times and the columns of prices."""
        rows = csv.reader(io.StringIO(self._text(), newline=""), strict=True)
        times: list[int] = []
        try:
            names = self._header(next(rows, []))
            columns: dict[str, list[int]] = {
                name: [] for name in names if name != "time"
            }
            for row in rows:
                self._line = rows.line_num
                self._row(names, row, times, columns)
        except csv.Error as error:
            self._line = rows.line_num
            self._refuse("row", f"is no CSV: {error}")
        if not times:
            self._refuse("time", "no rows of prices follow the header")
        return times, columns

    def _text(self) -> str:
        try:
            data = self._path.read_bytes()
        except OSError as error:
            self._refuse("file", f"cannot be read: {error.strerror}")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._line = data.count(b"\n", 0, error.start) + 1
            self._refuse("file", "is no text: bytes that are not UTF-8")
        if control := _CONTROL.search(text):
            self._line = text.count("\n", 0, control.start()) + 1
            self._refuse("file", f"is no text: character {control[0]!r}")
        if not text.strip():
            self._refuse("file", "is empty")
        # Lines at the end with nothing in them are no rows.
        return text.rstrip("\r\n")

    def _header(self, names: Sequence[str]) -> Sequence[str]:
        known = ["time", *START_PRICES]
        for name in names:
            if name not in known:
                shown = name[:40] or "(no name)"
                self._refuse(shown, f"unknown column; there are {', '.join(known)}")
            if names.count(name) > 1:
                self._refuse(name, "the column is there twice")
        if "time" not in names:
            self._refuse("time", "the column is missing")
        if len(names) == 1:
            self._refuse("time", "no column of prices beside it")
        return names

    def _row(
        self,
        names: Sequence[str],
        row: Sequence[str],
        times: list[int],
        columns: dict[str, list[int]],
    ) -> None:
        if len(row) < len(names):
            missing = names[len(row)]
            self._refuse(missing, f"short row: {len(row)} of {len(names)} fields")
        if len(row) > len(names):
            self._refuse("row", f"long row: {len(row)} fields, not {len(names)}")
        for name, text in zip(names, row, strict=True):
            try:
                if name == "time":
                    times.append(self._time(text, times))
                else:
                    columns[name].append(_price(text, name, columns[name]))
            except ValueError as error:
                self._refuse(name, str(error))

    def _time(self, text: str, times: Sequence[int]) -> int:
        if not text:
            raise ValueError("is empty")
        time = parse_time(text)
        if times and time == times[-1]:
            raise ValueError(f"repeats the row before: {text}")
        if times and time < times[-1]:
            raise ValueError(f"is not sorted: {text} follows {show_time(times[-1])}")
        return time

    def _refuse(self, column: str, message: str) -> NoReturn:
        raise PriceFileError(f"{self._path}:{self._line}: {column}: {message}")


def _price(text: str, asset: str, before: Sequence[int]) -> int:
    price = parse_price(text, asset)
    if before and not before[-1] <= price * ABSURD_STEP <= before[-1] * ABSURD_STEP**2:
        raise ValueError(
            f"is absurd: {text} USDC, more than {ABSURD_STEP} times away "
            "from the row before"
        )
    return price
