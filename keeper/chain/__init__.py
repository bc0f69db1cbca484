"""One small chain interface with two engines behind it."""
