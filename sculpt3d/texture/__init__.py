"""Mesh and photos to a textured mesh: unwrap, visibility, bake."""
