"""The way in: handles and files, the X API, and landing in raw."""
