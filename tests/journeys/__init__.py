"""Whole stories, page by page, with the clock moved: what the customer reads, and that the books agree at the end."""
