"""Supervision (电子监察): the pure core that judges cases against law and local rules."""
