"""What a caller is told who asks too often."""

from shop.common.errors import TooManyRequests


class RateLimited(TooManyRequests):
    """The caller asks more often than it may; others are not concerned."""

    code = "rate-limited"
    title = "You ask too often"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("You have sent more requests than you may; come back after Retry-After.")
        self.retry_after_s = retry_after_s
