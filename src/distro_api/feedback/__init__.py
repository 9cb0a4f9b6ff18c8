"""What people think of the platform itself: given by anybody, answered by the platform."""
