"""What a window shows over the picture; nothing here is known to the drawing."""
