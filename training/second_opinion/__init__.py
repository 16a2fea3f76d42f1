"""The network that reads once more what the labeller doubts; `python -m training.second_opinion` trains it."""
