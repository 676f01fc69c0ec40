"""Reading of foreign files (XES logs and others) into facts that intake can take."""
