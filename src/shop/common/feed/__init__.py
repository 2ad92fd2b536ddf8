"""A live feed of one collection: what a change stream tells, sent on to all who may see it."""

from shop.common.feed.answer import FEED, follow, opened
from shop.common.feed.change import Shown, Watched

__all__ = ["FEED", "Shown", "Watched", "follow", "opened"]
