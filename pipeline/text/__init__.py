"""Pure functions from text to spans: decode, repair, articles, segments, sentences, sketch."""
