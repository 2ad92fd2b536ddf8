"""Who waits for an outcome: a future, or what is called by it since it waits in no task."""

from typing import Protocol, TypeVar

R = TypeVar("R", contravariant=True)


class Waiting(Protocol[R]):
    """The part of a future that whoever has the outcome sees."""

    def done(self) -> bool:
        """Tell whether it does not wait any more."""

    def set_result(self, result: R, /) -> None:
        """Take the outcome; what is not a future must raise nothing."""

    def set_exception(self, error: Exception, /) -> None:
        """Take what came in its place; what is not a future must raise nothing."""
