"""What every kind says of itself."""

from typing import Any, ClassVar

from distro_api.core.schemas import Command
from distro_api.products.models import Fulfilment


class KindAttributes(Command):
    """The fields a kind adds to a product. A subclass names its kind by `kind: Literal[...] = ...`."""

    fulfilments: ClassVar[tuple[Fulfilment, ...]]
    """The ways in which this kind can be fulfilled."""

    kind: Any

    def stored(self) -> dict[str, Any]:
        """As the product keeps them; its kind stands beside."""
        return self.model_dump(mode="json", exclude={"kind"})
