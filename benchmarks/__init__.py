"""Speed, memory and growth, measured on written pages."""
