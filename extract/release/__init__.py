"""The way out: export, validation, and the schema of a published record."""
