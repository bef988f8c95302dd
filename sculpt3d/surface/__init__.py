"""Cloud to mesh: Poisson surface, trimmed to where there is evidence, cleaned, simplified."""
