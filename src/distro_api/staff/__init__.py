"""Staff: the employees of an organization, with or without an account to sign in."""
