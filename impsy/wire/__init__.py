"""Pure codecs: bytes and text to messages and back; no sockets, no time."""
