"""Receive: HTTP requests enter, submissions leave to lifecycle, answers come back as JSON.

Enters: REST, uploads (NDJSON) and event streams under /v1. Leaves: payment.batch.Submission.
May refuse: everything before ordering (request.*, amount.*, auth.*, idempotency.*, account.*,
quote.*, capacity.*), with nothing written. Errors become HTTP only here, in problems.py.
Read first: routes.py (every path with its scope), then door.py (what every request passes),
then payments.py. render.py says what a payment looks like.
"""
