"""What people look at before they publish: one page, from the marts and the build's own results."""
