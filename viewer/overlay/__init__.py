"""What lies over a bare picture, and over a window that has no panels; nothing here is known to the drawing."""
