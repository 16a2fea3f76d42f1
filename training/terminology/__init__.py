"""The terminology: checked (`check`), compared with ontologies (`confirm`, `labels`), a large one (`build_large`)."""
