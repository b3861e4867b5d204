"""Searching for a better recipe: many runs, on this machine or on a Ray cluster, each with a folder of its own."""
