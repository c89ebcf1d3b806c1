"""Markets that are not live: recorded, made up, and the story of 2024."""
