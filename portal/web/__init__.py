"""The pages: one module per page area. A view parses, calls one action, chooses the page."""
