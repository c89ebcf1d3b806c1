"""The manners every live venue shares: connect, listen, hang up, try again."""
