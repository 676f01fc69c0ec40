"""Who must hear of a finding, and when; what is measured."""
