"""Photos to cameras: features, matching, mapping; stronger means where the cheap ones leave photos out."""
