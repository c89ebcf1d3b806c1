"""Where an alert can go: one file a destination, all of one shape."""
