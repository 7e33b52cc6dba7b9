"""The store: what must be durable beside the ledger, what is derived from it, and who did what.

vault.py: decisions, private data, API keys; durable before ordering, cannot be rebuilt.
projections.py: blocks as tables for queries; rebuilt from the chain at any time.
cases.py: alerts, cases, evidence and their log; durable, cannot be rebuilt.
audit.py: a hash-chained log of administrative acts.
May fail: Fault node.disk_failed, VaultError (wrong key), AuditError. Read first: vault.py.
"""
