"""What only the Experiments page shows: setting a study up, watching it, reading it."""
