"""The dashboards: values, and what Grafana reads of them."""
