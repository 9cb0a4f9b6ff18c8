"""A process's copy of the parameters' values."""

from typing import Any, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from distro_api.core.polling import Polled, once_committed
from distro_api.identity import queries
from distro_api.identity.errors import ParameterValueNotAllowed
from distro_api.identity.service.parameters.catalogue import CATALOGUE
from distro_api.identity.service.parameters.declaration import Parameter

ValueT = TypeVar("ValueT")
log = structlog.get_logger()


class Parameters(Polled):
    """What each parameter is now, at most `poll_s` late; for the API and the worker alike."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        super().__init__()
        self._sessions = sessions
        self._values: dict[str, Any] = {}
        self._own_changes = 0

    def get(self, parameter: Parameter[ValueT]) -> ValueT:
        """The value now, without a read."""
        value: ValueT = self._values.get(parameter.name, parameter.default)
        return value

    def follow(self, session: AsyncSession, parameter: Parameter[ValueT], value: ValueT) -> None:
        """Take `value` as soon as the session's transaction has committed: here at once, elsewhere by polling."""

        def take() -> None:
            self._values[parameter.name] = value
            self._own_changes += 1

        once_committed(session, take)

    async def refresh(self) -> None:
        """Read all values; what is not known or not allowed any more counts as not set."""
        before = -1
        while before != self._own_changes:  # a change of our own meanwhile is newer than what was read
            before = self._own_changes
            async with self._sessions() as session:
                stored = await queries.values_set(session)
        self._values = {name: _read(CATALOGUE[name], value) for name, value in stored.items() if name in CATALOGUE}


def _read(parameter: Parameter[Any], stored: Any) -> Any:
    try:
        return parameter.read(stored)
    except ParameterValueNotAllowed:
        log.warning("parameter_not_allowed_any_more", parameter=parameter.name)
        return parameter.default
