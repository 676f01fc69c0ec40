"""The demo hall: a seeded county hall that reports its day through the public intake."""
