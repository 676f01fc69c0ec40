"""What the ledger makes us conclude."""
