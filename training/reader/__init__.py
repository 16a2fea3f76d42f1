"""How the claim reader's weights are made: `python -m training.reader` (see training/README.md)."""
