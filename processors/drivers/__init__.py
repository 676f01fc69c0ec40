"""Where supervision touches the outside world: clocks, threads, SQL, workers."""
