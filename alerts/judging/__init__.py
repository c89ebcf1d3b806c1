"""From a stretch of the spread to what is worth telling: rules and incidents."""
