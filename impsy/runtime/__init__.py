"""The performance: the one loop, the clock, the log, the console."""
