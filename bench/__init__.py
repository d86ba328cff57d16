"""Side-by-side measurements of the portal against a bare Flask page, in one run: `make bench`."""
