"""Signing in, my own account, organizations, audit trail."""

from distro_api.identity.router import auth, me, organizations

routers = (auth.router, me.router, organizations.router, organizations.audit_router)

__all__ = ["routers"]
