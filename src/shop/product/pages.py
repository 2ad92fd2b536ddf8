"""Pages of the catalogue as they go over the wire: equal ones of one moment are made once."""

from typing import Any

from shop.common.representation import Listed
from shop.common.shared import Shared
from shop.common.web import EncodedPage, encode_page, encoded
from shop.product.service import Catalogue

_Chosen = tuple[tuple[str, Any], ...]


class Pages:
    """What ``Catalogue.find`` finds, encoded."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._shared = Shared(self._encoded)

    async def find(self, **chosen: Any) -> EncodedPage:
        """Return a page; it takes and raises what ``Catalogue.find`` does."""
        hashable = {n: tuple(v) if isinstance(v, list) else v for n, v in chosen.items()}
        return await self._shared(tuple(hashable.items()))

    async def _encoded(self, chosen: _Chosen) -> EncodedPage:
        return encode_page(await self._catalogue.find(**dict(chosen)), _shown)


def _shown(item: Listed) -> Any:
    return encoded(item.shown)
