"""Signing in, my own account, organizations, audit trail, platform parameters."""

from distro_api.identity.router import auth, me, organizations, parameters

routers = (auth.router, me.router, organizations.router, organizations.audit_router, parameters.router)

__all__ = ["routers"]
