"""A finished model as files a web team ships: levels of detail, baked maps, compressed formats, provenance, proof."""
