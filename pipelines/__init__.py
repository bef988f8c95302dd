"""Runs the library: folders, resume, parallelism, command line."""
