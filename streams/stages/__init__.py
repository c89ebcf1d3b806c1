"""The work of each agent, pure: records in, records out."""
