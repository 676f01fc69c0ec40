"""The HTTP surface: what source systems, pages, analysts and metrics speak to."""
