"""route: how the money gets there, and at what price when it changes currency on the way.

Enters: the assets and amount of a payment, and the quote it names.
Leaves: a Quote (what the payee gets, spread, fee, until when) and the Routes to choose from.
Refuses: rate.unknown, quote.unknown, quote.expired, quote.used, quote.in_use, quote.differs.
Read first: quotes.py. Rates are the European Central Bank's (rates.py); routes.py lists the ways.
"""
