"""The door for geometry: one document of parts; a file per format reads and writes it."""
