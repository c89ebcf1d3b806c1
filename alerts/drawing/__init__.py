"""The lines behind an alert, as a picture."""
