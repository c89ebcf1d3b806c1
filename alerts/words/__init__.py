"""What a person reads: one wording for every channel, in any language."""
