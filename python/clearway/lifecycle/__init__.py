"""lifecycle: the journey of payments, from a door's instruction to an answer that is durable.

Enters: Submission or Columns. Leaves: Placed, or what refused it before ordering.
Refuses: capacity.full, idempotency.in_progress, idempotency.body_differs, and what `receive` finds
stale (account.unknown, asset.unknown, quote.expired, quote.used, quote.in_use, quote.differs,
policy.sanctions).
Read first: pay.py, the whole story in one function. batcher.py stands in front of it, replay.py
and resume.py pick up what was answered or interrupted before; queue.py and standing.py send what
waited for money or for its day. watch.py and investigate.py are what comes after: cases; rounds.py
is the thread of all that look once in a while.
"""
