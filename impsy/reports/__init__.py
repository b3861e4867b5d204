"""Reports: what a command found out, as one page with pictures that can be opened anywhere and kept."""
