"""What the keeper and the scripts tell a user, as opposed to a programmer."""


class UserError(Exception):
    """
    Something the user can put right.

    The text is one line that says what is wrong and what to do about it; a command
    prints it without a traceback and exits with status 2.
    """


class Halt(Exception):
    """The keeper stopped by itself because it no longer understands the chain."""
