"""What refusals say of instants, days and ids."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from distro_api.core.errors import CATALOGUE, DomainError, StateConflict

SHANGHAI = timezone(timedelta(hours=8))


def test_an_instant_is_utc_with_z_in_fields_and_in_words() -> None:
    at = datetime(2026, 10, 1, 8, 30, tzinfo=SHANGHAI)
    refusal = StateConflict(
        state=at, action="pay", pay_before=at, exact=at.replace(microsecond=5, tzinfo=UTC), day=date(2026, 10, 1),
        deep={"ids": [UUID(int=1)], "at": (at,)},
    )  # fmt: skip
    for shown in (refusal, DomainError.restored(refusal.stored())):
        body = shown.problem("en")
        assert body["pay_before"] == "2026-10-01T00:30:00Z"
        assert body["exact"] == "2026-10-01T08:30:00.000005Z"
        assert body["day"] == "2026-10-01"
        assert body["deep"] == {"ids": [str(UUID(int=1))], "at": ["2026-10-01T00:30:00Z"]}
        assert "In state 2026-10-01T00:30:00Z " in body["detail"]
        json.dumps(body)
    assert "state_conflict" in CATALOGUE
