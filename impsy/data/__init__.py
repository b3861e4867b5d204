"""Logs and datasets: what was played, as rows and as arrays."""
