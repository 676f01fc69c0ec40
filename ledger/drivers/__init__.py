"""Where the ledger touches the outside world: files, databases, brokers."""
