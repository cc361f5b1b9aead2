"""What only the Inside page shows: layers, receptive fields, filters, what speaks for a class."""
