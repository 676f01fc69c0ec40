"""Where alerts touch the outside world: channels, metrics, dashboards."""
