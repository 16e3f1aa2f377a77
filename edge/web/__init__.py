"""The page in a browser and its one interface, POST /api/image. Nothing sent is stored. Needs the extra `web`."""
