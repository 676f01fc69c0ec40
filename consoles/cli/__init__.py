"""The command `hall`: one module a group of commands."""
