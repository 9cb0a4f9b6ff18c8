"""Whether this process can serve, and which part can't."""

import asyncio

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text

ANSWER_WITHIN_S = 3
_MISSING_LEAVES = text("""
SELECT p.relname || to_char(m.month, '_YYYYMM') FROM pg_class p,
    (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month' AS month FROM generate_series(0, 1) n) m
WHERE p.relkind = 'p' AND p.relnamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_class leaf ON leaf.oid = i.inhrelid
    WHERE i.inhparent = p.oid AND leaf.relname = p.relname || to_char(m.month, '_YYYYMM'))
ORDER BY 1
""")
"""Months that rows of partitioned tables go to, now and next; the worker makes them long before."""


async def readiness(request: Request) -> Response:
    """200 when every part is well; else 503 that names those that are not."""
    troubles = await troubles_of(request.app)
    if troubles:
        return JSONResponse({"status": "unavailable", **troubles}, 503)
    return JSONResponse({"status": "ready"})


async def troubles_of(app: FastAPI) -> dict[str, str]:
    """What is wrong, by part."""
    troubles = {}
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S), app.state.database.sessions() as session:
            missing = (await session.scalars(_MISSING_LEAVES)).all()
    except Exception as error:  # whatever it is, requests would meet it too
        troubles["database"] = type(error).__name__
    else:
        if missing:
            troubles["partitions"] = f"missing: {', '.join(missing)}"
    if lanes := app.state.lanes.troubles():
        troubles["lanes"] = "; ".join(lanes)
    return troubles
