"""What a read asks of the principal, who is defined above this floor."""

from typing import Protocol
from uuid import UUID

from distro_api.identity.models import Kind


class Viewer(Protocol):
    """What a read asks of the principal, who is defined above this file."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def session_id(self) -> UUID: ...
