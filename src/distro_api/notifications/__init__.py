"""Messages to people: SMS and mail, by template, sent after the transaction that wants them has committed."""
