"""Setting a parameter and putting it back to its default."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from distro_api.core import clock
from distro_api.core.errors import NotFoundHere, PreconditionFailed
from distro_api.core.http import check_if_match, constraint_of
from distro_api.identity import queries
from distro_api.identity.models import ParameterChange
from distro_api.identity.service import audit
from distro_api.identity.service.audit import Caller
from distro_api.identity.service.parameters.catalogue import CATALOGUE
from distro_api.identity.service.parameters.current import Parameters
from distro_api.identity.service.parameters.declaration import Parameter


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter with its value in the database; version 0: never touched."""

    parameter: Parameter[Any]
    change: ParameterChange | None

    @property
    def is_default(self) -> bool:
        return self.change is None or self.change.value is None

    @property
    def value(self) -> Any:
        """As JSON."""
        return self.parameter.json(self.parameter.default) if self.is_default else self.change.value  # type: ignore[union-attr]

    @property
    def version(self) -> int:
        return self.change.version if self.change else 0

    @property
    def changed_at(self) -> datetime | None:
        return self.change.created_at if self.change else None

    @property
    def changed_by(self) -> UUID | None:
        return self.change.user_id if self.change else None


async def settings(session: AsyncSession) -> list[Setting]:
    """Every parameter, in the catalogue's order."""
    newest = {change.name: change for change in await queries.newest_changes(session)}
    return [Setting(parameter, newest.get(name)) for name, parameter in CATALOGUE.items()]


async def setting(session: AsyncSession, name: str) -> Setting:
    """One parameter.

    Raises:
        NotFoundHere
    """
    if (parameter := CATALOGUE.get(name)) is None:
        raise NotFoundHere
    return Setting(parameter, await queries.newest_change(session, name))


async def set_value(
    session: AsyncSession,
    parameters: Parameters,
    caller: Caller,
    name: str,
    value: Any,
    *,
    reason: str | None,
    if_match: str | None,
) -> Setting:
    """Set a value; the one it has already changes nothing.

    Raises:
        NotFoundHere, PreconditionFailed, ParameterValueNotAllowed
    """
    now = await setting(session, name)
    check_if_match(if_match, now.version)
    read = now.parameter.read(value)
    if not now.is_default and now.value == now.parameter.json(read):
        return now
    done = await _write(session, caller, "identity.set_parameter", now, now.parameter.json(read), reason)
    parameters.follow(session, now.parameter, read)
    return done


async def reset(
    session: AsyncSession, parameters: Parameters, caller: Caller, name: str, *, if_match: str | None
) -> Setting:
    """Back to the default, whatever that will be in later releases.

    Raises:
        NotFoundHere, PreconditionFailed
    """
    now = await setting(session, name)
    check_if_match(if_match, now.version)
    if now.is_default:
        return now
    done = await _write(session, caller, "identity.reset_parameter", now, None, None)
    parameters.follow(session, now.parameter, now.parameter.default)
    return done


async def _write(
    session: AsyncSession, caller: Caller, action: str, now: Setting, value: Any, reason: str | None
) -> Setting:
    """Append the change; of two at once the second is told that it did not see the first."""
    change = ParameterChange(
        id=clock.new_id(),
        name=now.parameter.name,
        version=now.version + 1,
        value=value,
        user_id=caller.user_id,
        reason=reason,
    )
    done = Setting(now.parameter, change)
    audit.record(
        session, caller.actor, action, "parameter", change.id, parameter=change.name, before=now.value, after=done.value
    )
    try:
        async with session.begin_nested():
            session.add(change)
            await session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_parameter_changes_name_version":
            raise
        raise PreconditionFailed(version=change.version) from error
    return done
