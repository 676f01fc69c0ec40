"""The catalogue as files: read and written as CSV and JSON, and published into the log."""
