"""The process answers."""

import httpx


async def test_health(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "live"}
    assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_unknown_route_speaks_both_languages(client: httpx.AsyncClient) -> None:
    chinese = (await client.get("/api/v1/nothing")).json()
    english = (await client.get("/api/v1/nothing", headers={"Accept-Language": "en-GB"})).json()
    assert chinese["code"] == english["code"] == "route_not_found"
    assert (chinese["title"], english["title"]) == ("没有这个接口", "There is no such endpoint")
    assert chinese["request_id"] != english["request_id"]
