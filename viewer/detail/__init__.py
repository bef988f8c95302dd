"""Levels of detail of a model: clusters of triangles, coarser where less is seen, without cracks between them."""
