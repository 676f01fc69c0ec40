"""Read models in SQL, each disposable and rebuildable."""
