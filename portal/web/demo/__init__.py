"""The demonstration: a cast that covers every state, the mails that were sent, a clock that can be moved."""
