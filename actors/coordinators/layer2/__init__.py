"""Infrastructure support: the life of models."""
