"""The cast of the demo: a portrait in the public domain, and drawn people."""
