"""What makes a stage an agent that may be killed at any instant."""
