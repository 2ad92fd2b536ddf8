"""What ends a command, told in words that say what to do."""


class LocalError(Exception):
    """The command cannot go on; the message is for the person who called it."""
