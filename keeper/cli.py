"""What the commands share: how they fail, and how they read times."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from keeper.errors import Halt, UserError
from keeper.prices.file import parse_time


class Refusal(click.ClickException):
    """A mistake that the user can put right: one line and status 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line, and nothing around it."""
        click.echo(self.format_message(), file=file, err=file is None)


class Stopped(Refusal):
    """Something stopped by itself that should not have: one line and status 1."""

    exit_code = 1


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what a user should read into one line without a traceback."""
    try:
        yield
    except UserError as error:
        raise Refusal(str(error)) from None
    except Halt as error:
        raise Stopped(str(error)) from None


class Time(click.ParamType):
    """A time in ISO-8601, UTC, as seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the seconds; refuse with one line."""
        if isinstance(value, int):
            return value
        try:
            return parse_time(str(value))
        except ValueError as error:
            name = param.opts[0] if param else "time"
            raise Refusal(f"{name}: {error}") from None


def hush() -> None:
    """Keep Ape from saying what every transaction cost; warnings still come."""
    from ape.logging import logger

    logger.set_level("WARNING")
