"""Models and saved views, read and written."""
