"""investigate: what people do about payments that were stopped, and how it ends.

Enters: alerts (payment/alert.py), whoever found them; acts of people. Leaves: cases, their place in
the queue in words, evidence, the money's flow, a decision by two people, a report's draft.
Refuses: case.wrong_state, case.same_person, case.evidence_differs.
Read first: states.py, the table of a case's states; then grouping.py and triage.py.
"""
