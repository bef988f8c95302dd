"""Functions on models: bringing one onto another, scores."""
