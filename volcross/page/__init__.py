"""The live page: the board in a browser, and as an API."""
