"""The case ledger: what happened, in order, for ever."""
