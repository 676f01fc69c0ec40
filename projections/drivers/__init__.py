"""Where read models touch the outside world: SQL databases."""
