"""The kinds of clock a case can have: what opens, moves and closes each."""
