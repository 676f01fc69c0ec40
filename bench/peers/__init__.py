"""What others do with the same facts; each module but `deadline` and `append` is a program."""
