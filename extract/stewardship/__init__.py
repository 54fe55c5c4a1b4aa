"""Care for what has been landed: copies that are proven, and people who asked to be gone."""
