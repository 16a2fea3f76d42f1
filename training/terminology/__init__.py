"""The terminology: checked (`check`), compared with ontologies (`confirm`), a large one built (`build_large`)."""
