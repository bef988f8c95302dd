"""The desk on plain data: what is looked at and measured of a model. No window, no GL."""
