"""What deserves a person's attention, and how it reaches one."""
