"""What the outside is told: the event feed that each side polls, and the platform's view of events that got stuck."""
