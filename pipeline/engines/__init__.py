"""Engines move batches of units through the stages; they never change a row."""
