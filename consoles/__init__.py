"""Where people look and act; the composition root."""
