"""From a transition to a message that arrives: routes, outboxes, and their books."""
