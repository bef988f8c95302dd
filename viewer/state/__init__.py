"""What is looked at and how, as plain data: camera, lamps, commands. No window, no GL."""
