"""Small trained weights and calibration tables, each with a card, and the code that applies them."""
