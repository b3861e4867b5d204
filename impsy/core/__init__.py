"""The pure heart: events and time in, actions out. Nothing here opens, prints, sleeps or asks the time."""
