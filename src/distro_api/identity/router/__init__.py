"""Signing in, my own account, organizations, audit trail."""

from fastapi import APIRouter

from distro_api.identity.router import auth, me, organizations

router = APIRouter()
for _part in (auth.router, me.router, organizations.router, organizations.audit_router):
    router.include_router(_part)
