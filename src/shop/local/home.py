"""Where everything on this machine is kept."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folder of one shop: its state, its data, its logs; and the fetched servers."""

    root: Path
    bin: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """Return ``SHOP_HOME`` (default ``.shop`` here); servers in ``SHOP_BIN`` (default bin/)."""
        root = Path(os.environ.get("SHOP_HOME") or ".shop").absolute()
        return cls(root, Path(os.environ.get("SHOP_BIN") or root / "bin").absolute())

    @property
    def state(self) -> Path:
        """The file that names what was started."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """The file that is locked while a command starts or stops things."""
        return self.root / "lock"

    @property
    def keys(self) -> Path:
        """The folder of the keys that tokens are signed and checked by."""
        return self.root / "keys"

    def log(self, name: str) -> Path:
        """Return the log file of a server or an instance."""
        return self.root / "logs" / f"{name}.log"

    def data(self, name: str) -> Path:
        """Return the data folder of a server."""
        return self.root / "data" / name
