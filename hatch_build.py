"""The page goes into every wheel and sdist: what has none is not built."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from tools.build_page import NODE_WHEEL, PAGE, build_page, has_npm, is_built


class PageHook(BuildHookInterface[Any]):
    """Builds the page where it is not there yet; a checkout in editable mode may be without."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A node for the build, where it takes one and the machine has none."""
        return [] if self._is_ready() or has_npm() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, and have it packed."""
        if version == "editable":
            return
        if not self._is_ready():
            build_page(Path(self.root))
        build_data["artifacts"].append(f"/{PAGE.as_posix()}/**")

    def _is_ready(self) -> bool:
        root = Path(self.root)
        # An sdist has the page built, and its files have whatever times they were unpacked with. A
        # checkout that was copied without its .git, as into an image, may have an old page.
        packed = (root / "PKG-INFO").is_file() and (root / PAGE / "index.html").is_file()
        return packed or is_built(root)
