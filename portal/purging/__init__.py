"""The deletion of a platform whose time is over: who goes, why somebody does not, and the steps that remove it.

Source: RULES.md, Life of a platform ("Purge"). In two phases. A platform that is due is *marked*; PURGE_DELAY later, if
nothing speaks against it then either, the *erasing* begins: at that instant it is deleted for everybody, and its rows
go, slice by slice, in an order in which nothing points to what is gone. Each slice is a transaction that also counts
and digests what it removed: whoever is interrupted goes on with the next slice, and the certificate is the same.

Where RULES.md is silent:
- Money that waits for our staff is an open payment: what is to be given back needs somebody to give it to.
- The last warnings are those of the newest day of the grace that were written: each must have been accepted.
- Until the erasing begins everything stops it: a payment that counted late, a legal hold. It may be marked again.
- Invoices and their files stay, and the number of the platform, so that neither it nor its user names are given again.
- The certificate is mailed to the first administrator; the address is forgotten once the mail has left.
Nobody here commits, and no file is touched: `portal/jobs/purge.py` does both.
"""
