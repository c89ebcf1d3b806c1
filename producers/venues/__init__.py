"""One file a venue: what it says, and how it is asked; a second one for its chains."""
