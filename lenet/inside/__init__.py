"""A look inside the network: every layer's output for one image, and where each value is from."""
