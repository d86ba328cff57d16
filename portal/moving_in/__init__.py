"""An existing business moves in: platforms, people, lots and invoices of a former system, from CSV files.

In steps that know nothing of the next one: `sheets` reads lines, `cells` and `forms` make values of them, `platforms`
and `checks` hold the values against each other, `stored` and `differences` against the database, and `writing` writes
all of it in one transaction, or nothing. `journey` is the way through. The files are described in `docs/import.md`.
"""
