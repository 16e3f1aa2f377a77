"""Pure functions on arrays and values: no hardware, no state, inputs are never modified."""
