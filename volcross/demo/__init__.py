"""The founding story, told on this machine from feed to mailbox."""
