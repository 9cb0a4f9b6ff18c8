"""Organizations, their users and sessions, who may do what, and the audit trail."""
