"""What the topics say to an onlooker."""
