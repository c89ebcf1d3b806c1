"""Processes: made ready, started, kept running, and ended in order."""
