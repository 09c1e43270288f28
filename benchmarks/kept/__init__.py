"""Generated brands that stay in the state folder: made once for each size, settled after what was measured."""
