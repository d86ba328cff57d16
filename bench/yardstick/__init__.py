"""Contender A, the yardstick: what a bare Flask application costs that does the least a customer's page can do.

- The page: a signed cookie says who it is, one query over an index joins three small tables (the standard library's
  sqlite3, a connection a thread), and Jinja writes a page of a given size with loops over a navigation, notices and a
  table of prices. Nothing else: no session row, permissions, languages, content policy, limits or record.
- Signing in: a form with a forgery token of its own, one look-up, one argon2id hash, a redirect.
- Forgotten: the address goes to a thread of the process, which looks it up and sends the mail after the answer.

About 3 million instructions for a page of 7.2 kB, which is what such pages of bare Flask cost elsewhere too.
"""

from bench.yardstick.application import create_app, rows_for
from bench.yardstick.data import seed

__all__ = ["create_app", "rows_for", "seed"]
