"""Labelled pages, scores against them, calibration, quality floors."""
