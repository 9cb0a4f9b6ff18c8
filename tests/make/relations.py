"""Supply relations through the API."""

from typing import Any

import httpx

from make.identity import Signed

RELATIONS = "/api/v1/supply-relations"


async def relation(client: httpx.AsyncClient, supplier: Signed, distributor: Signed, **more: Any) -> dict[str, Any]:
    """The supplier takes the distributor as a partner."""
    body = {"distributor_id": str(distributor.organization_id)} | more
    answer = await client.post(RELATIONS, json=body, headers=supplier.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
