"""The configuration: a typed schema and its loader."""
