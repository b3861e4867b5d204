"""Ports to the world: each turns bytes into events, and actions into bytes."""
