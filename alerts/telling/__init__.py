"""From a transition to a message that arrives: wording, outboxes, and their books."""
