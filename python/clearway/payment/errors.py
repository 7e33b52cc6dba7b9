"""Every error a caller can meet: a stable code, its HTTP status, whether to retry, and its facts.

A Refusal can be acted on by the caller; a Fault means that the world failed. The text is rendered
from the facts. Codes are never reused; `CATALOGUE` lists them all and a test holds an example
against each.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the catalogue. `status` is the HTTP status before ordering; an error that the
    ledger gives after ordering travels inside a 201 answer and has its status here for lookups."""

    code: str
    status: int
    retryable: bool
    title: str
    detail: str  # a format string over the facts


def _rows(*rows: tuple[str, int, bool, str, str]) -> dict[str, ErrorKind]:
    return {row[0]: ErrorKind(*row) for row in rows}


CATALOGUE: Final[dict[str, ErrorKind]] = _rows(
    # request
    ("request.malformed", 400, False, "Malformed request", "{what}"),
    ("request.invalid", 400, False, "Invalid request", "{field}: {what}"),
    ("request.too_large", 413, False, "Body too large", "the body may have {limit_bytes} bytes"),
    ("request.unknown_route", 404, False, "Not found", "there is nothing at {path}"),
    ("request.method", 405, False, "Method not allowed", "{method} is not served at {path}"),
    # money
    ("amount.malformed", 400, False, "Not an amount", "{amount!r} is not a decimal amount"),
    ("amount.too_precise", 400, False, "Too many decimals", "{asset} has {scale} decimals, {amount!r} has more"),
    ("amount.not_positive", 400, False, "Amount not positive", "an amount must be above zero"),
    ("amount.too_large", 400, False, "Amount too large", "the largest amount is 2^126 - 1 minor units"),
    ("asset.unknown", 400, False, "Unknown asset", "{asset!r} is not an asset of this ledger"),
    # identity
    ("auth.missing", 401, False, "No API key", "send Authorization: Bearer <api key>"),
    ("auth.invalid", 401, False, "Unknown API key", "the API key is not known"),
    ("auth.revoked", 401, False, "Revoked API key", "the API key was revoked"),
    ("auth.scope", 403, False, "Scope missing", "the API key lacks the scope {scope}"),
    # idempotency
    ("idempotency.missing", 400, False, "Idempotency-Key missing", "send an Idempotency-Key header"),
    ("idempotency.malformed", 400, False, "Bad Idempotency-Key", "an Idempotency-Key has 1 to 255 visible characters"),
    ("idempotency.body_differs", 422, False, "Key used with another body", "this Idempotency-Key was used for another request"),
    ("idempotency.in_progress", 409, True, "Still running", "the first request with this Idempotency-Key is still running"),
    # what somebody outside the node signs
    ("authorisation.missing", 403, False, "Signature missing", "account {account!r} belongs to a key outside this node: prepare the request, and send it with the owner's signature"),
    ("authorisation.needless", 400, False, "Nothing to sign", "nobody outside this node signs this request; send it as it is"),
    ("authorisation.differs", 400, False, "Not what was signed", "what was prepared is not this request: {what}"),
    ("authorisation.expired", 409, False, "Signed too long ago", "what was prepared was valid until {time}; prepare it again"),
    ("authorisation.key", 403, False, "Another's key", "{key} is no key of account {account!r}"),
    ("authorisation.not_enough", 403, False, "Not enough signatures", "these signatures do not move account '{account}': {what}"),
    ("authorisation.wrong", 403, False, "Wrong signature", "the signature of {key} is not over {digest}"),
    # things
    ("account.unknown", 404, False, "Unknown account", "there is no account {account!r}"),
    ("account.closed", 409, False, "Closed account", "account {account!r} is closed"),
    ("account.exists", 409, False, "Account exists", "account {account!r} exists already"),
    ("account.same", 400, False, "Same account", "payer and payee are both {account!r}"),
    ("account.asset_not_held", 400, False, "Asset not held", "account {account!r} does not hold {asset}"),
    ("payment.unknown", 404, False, "Unknown payment", "there is no payment {payment!r}"),
    ("payment.wrong_state", 409, False, "Wrong state", "a payment that is {status} cannot be {act}"),
    ("act.unknown", 404, False, "Unknown act", "the payment was changed {count} times, so there is no change {act}"),
    ("queue.expired", 409, False, "Waited in vain", "the payer could not cover the payment before its deadline"),
    ("quote.unknown", 404, False, "Unknown quote", "there is no quote {quote!r}"),
    ("quote.expired", 409, False, "Quote expired", "quote {quote!r} ended at {expired}"),
    ("quote.used", 409, False, "Quote used", "quote {quote!r} was used by payment {payment}"),
    ("quote.in_use", 409, True, "Quote in use", "another payment with quote {quote!r} is on its way; ask again when it has ended"),
    ("quote.differs", 400, False, "Quote differs", "quote {quote!r} is for {what}"),
    ("rate.unknown", 400, False, "No rate", "there is no rate from {from_asset} to {to_asset}"),
    ("block.unknown", 404, False, "Unknown block", "there is no block {height}"),
    ("nostro.unknown", 404, False, "Unknown nostro account", "there is no nostro account {nostro!r}"),
    ("case.unknown", 404, False, "Unknown case", "there is no case {case!r}"),
    ("case.wrong_state", 409, False, "Wrong state",
     "a case that is {status} cannot be {act}; it has to be {first} first"),
    ("case.same_person", 403, False, "Second person missing", "{who!r} proposed this decision; another person has to look at it"),
    ("case.evidence_differs", 409, False, "Evidence differs", "what was proposed stands on evidence {evidence}"),
    # capacity and faults
    ("capacity.full", 429, True, "Too many requests", "the queue of {limit} payments is full"),
    ("capacity.events", 429, True, "Too many streams", "there may be {limit} event streams"),
    ("capacity.simulations", 429, True, "Too many simulations", "an API key may simulate {limit} payments a second"),
    ("event.unknown", 400, False, "Unknown event", "Last-Event-ID {event!r} is not height-index-n"),
    ("node.bug", 500, False, "Internal error", "the node met a state it should not; the request id names the log line"),
    ("node.starting", 503, True, "Starting", "the node is not ready: {what}"),
    ("node.disk_failed", 503, True, "Disk failed", "the log cannot be written; nothing was acknowledged"),
    ("node.disk_full", 503, True, "Disk full", "there is no room to write; nothing was accepted, and reads go on"),
    ("node.stopping", 503, True, "Stopping", "the node is stopping"),
    ("payment.outcome_unknown", 503, True, "Outcome unknown", "payment {payment} was sent to ordering and no answer came; ask for it again with the same key"),
    # decisions
    ("policy.sanctions", 403, False, "Declined", "the payment was declined"),
    ("policy.risk", 403, False, "Declined", "the payment was declined"),
    # kernel refusals: docs/format.md
    ("envelope.wrong_chain", 409, False, "Wrong chain", "the envelope is for another chain"),
    ("envelope.unknown_key", 409, False, "Unknown key", "the envelope's key is not registered"),
    ("envelope.wrong_institution", 409, False, "Wrong institution", "the key belongs to another institution"),
    ("envelope.key_not_active", 409, False, "Key not active", "the envelope's key is not active yet"),
    ("envelope.key_revoked", 409, False, "Key revoked", "the envelope's key was revoked"),
    ("envelope.expired", 409, False, "Envelope expired", "the envelope came too late; send it again under a new Idempotency-Key"),
    ("envelope.sequence_used", 409, False, "Sequence used", "the envelope's sequence was used"),
    ("envelope.digest_differs", 409, False, "Digest differs", "the envelope does not hold these entries"),
    ("envelope.bad_signature", 409, False, "Bad signature", "the envelope's signature is wrong"),
    ("key.wrong_purpose", 409, False, "Wrong purpose", "the key may not do this"),
    ("ledger.expired", 409, False, "Expired", "the payment's validity had ended"),
    ("ledger.valid_too_long", 409, False, "Valid too long", "a payment may be valid for 24 hours"),
    ("ledger.id_reused", 409, False, "Id reused", "the id was used with another instruction"),
    ("ledger.declined", 403, False, "Declined", "the payment was declined"),
    ("ledger.inconsistent", 409, False, "Inconsistent", "the record contradicts itself"),
    ("ledger.unknown_asset", 409, False, "Unknown asset", "the asset is not registered"),
    ("ledger.amount_zero", 409, False, "Amount zero", "the amount is zero"),
    ("ledger.same_account", 409, False, "Same account", "payer and payee are the same"),
    ("ledger.unknown_payer", 409, False, "Unknown payer", "the payer's account is not there"),
    ("ledger.unknown_payee", 409, False, "Unknown payee", "the payee's account is not there"),
    ("ledger.not_custodian", 409, False, "Not the custodian", "the payer's account is kept elsewhere"),
    ("ledger.payer_closed", 409, False, "Payer closed", "the payer's account is closed"),
    ("ledger.payee_closed", 409, False, "Payee closed", "the payee's account is closed"),
    ("ledger.payer_frozen", 409, False, "Payer frozen", "the payer's account is frozen"),
    ("ledger.payee_frozen", 409, False, "Payee frozen", "the payee's account is frozen"),
    ("ledger.nostro_misused", 409, False, "Nostro misused", "a nostro account moves only by issuance and redemption"),
    ("ledger.bad_authorisation", 409, False, "Not authorised", "the owner's signature is missing or wrong"),
    ("ledger.limit_payment", 409, False, "Above the limit", "the amount is above the key's limit per payment"),
    ("ledger.limit_day", 409, False, "Above the day's limit", "the amount is above what the key may move today; tomorrow send it under a new Idempotency-Key"),
    ("ledger.refund_differs", 409, False, "Refund differs", "the refunded payment had another amount"),
    ("ledger.refund_exceeds_payment", 409, False, "Refund too large", "the refunds would exceed the payment"),
    ("ledger.legs_differ", 409, False, "Legs differ", "the legs are not those of the instruction"),
    ("ledger.leg_unauthorised", 409, False, "Leg not authorised", "a leg takes from an account that did not agree"),
    ("ledger.asset_not_held", 409, False, "Asset not held", "an account does not hold the asset"),
    ("ledger.exceeds_available", 409, False, "Insufficient funds", "the amount exceeds what is available"),
    ("ledger.overflow", 409, False, "Overflow", "a sum is too large"),
    ("hold.unknown", 409, False, "Unknown hold", "there is no such hold"),
    ("hold.expired", 409, False, "Hold expired", "the hold had expired"),
    ("hold.differs", 409, False, "Hold differs", "the hold is of other accounts"),
    ("hold.exceeded", 409, False, "Above the hold", "the amount exceeds the hold"),
    ("hold.legs_differ", 409, False, "Legs differ", "the legs are not those of the hold"),
    ("account.not_empty", 409, False, "Account not empty", "the account still has money or holds"),
    ("account.already_closed", 409, False, "Closed already", "the account is closed"),
    ("account.already_frozen", 409, False, "Frozen already", "the account is frozen"),
    ("account.not_frozen", 409, False, "Not frozen", "the account is not frozen"),
    ("authority.bad_policy", 409, False, "Bad policy", "these keys are no policy, or the account is a sub-account"),
    ("authority.no_guardians", 409, False, "No guardians", "the account has no guardians who could recover it"),
    ("recovery.none", 409, False, "No recovery", "no recovery of the account is under way"),
    ("recovery.too_early", 409, False, "Too early", "the delay of the recovery is not over"),
    ("account.bad_parent", 409, False, "Bad parent", "the parent is no open customer's account of this institution"),
    ("asset.out_of_order", 409, False, "Out of order", "the asset's number is not the next"),
    ("asset.code_taken", 409, False, "Code taken", "the asset's code is taken"),
    ("asset.bad_code", 409, False, "Bad code", "the asset's code or scale is not allowed"),
    ("asset.bad_controls", 409, False, "Bad controls", "the controls are unknown, or lack an issuer"),
    ("asset.paused", 409, False, "Asset paused", "the asset's issuer has stopped all movements; when it has resumed them send it under a new Idempotency-Key"),
    ("asset.held_back", 409, False, "Held back", "the asset's issuer has frozen one of the accounts in this asset"),
    ("asset.not_allowed", 409, False, "Not allowed", "the payee is not on the allow-list of the asset's issuer"),
    ("asset.second_person", 409, False, "Second person missing", "a second person of the issuer must sign this"),
    ("asset.no_such_control", 409, False, "No such control", "the asset's issuer may not do this"),
    ("asset.not_issuer", 409, False, "Not the issuer", "only the asset's issuer may do this"),
    ("asset.control_unchanged", 409, False, "So already", "the asset or the holder is in that state already"),
    ("key.exists", 409, False, "Key exists", "the key is registered already"),
    ("key.unknown", 409, False, "Unknown key", "the key is not registered"),
    ("key.already_revoked", 409, False, "Revoked already", "the key was revoked"),
    ("key.other_institution", 409, False, "Another's key", "the key belongs to another institution"),
    ("key.bad_purpose", 409, False, "Bad purpose", "the purposes are empty or unknown"),
    ("escrow.bad_terms", 409, False, "Bad terms", "the terms do not follow the format, or share with a party"),
    ("escrow.terms_differ", 409, False, "Terms differ", "the terms are not those that the payer agreed to"),
    ("escrow.bad_share", 409, False, "Bad share", "an account that the terms name is not there, is closed or does not hold the asset"),
    ("escrow.unknown", 409, False, "Unknown escrow", "there is no such escrow, or it has ended"),
    ("escrow.expired", 409, False, "Deadline passed", "the deadline of the escrow has passed"),
    ("escrow.differs", 409, False, "Escrow differs", "the escrow is in another asset, for another payee or under other terms"),
    ("escrow.exceeded", 409, False, "Above the escrow", "the amount exceeds what is left of the escrow"),
    ("escrow.not_accrued", 409, False, "Not accrued", "the amount exceeds what the stream has brought so far"),
    ("escrow.bad_witness", 409, False, "Bad witness", "a witness is for no condition of its kind, or two are for one"),
    ("escrow.unmet", 409, False, "Conditions not met", "the conditions of the escrow are not met"),
    ("escrow.not_cancellable", 409, False, "Not cancellable", "the account may not cancel this escrow"),
    ("mandate.bad_terms", 409, False, "Bad mandate", "the bounds of the mandate contradict each other"),
    ("mandate.unknown", 409, False, "Unknown mandate", "there is no such mandate; it may be revoked or over"),
    ("mandate.not_running", 409, False, "Not running", "the mandate has not started, or is over"),
    ("mandate.differs", 409, False, "Mandate differs", "the mandate is of other accounts, another asset or another amount"),
    ("mandate.payment_max", 409, False, "Above the payment's most", "the amount is above the mandate's most per payment"),
    ("mandate.period_max", 409, False, "Above the period's most", "the mandate allows no more in this period; in the next one send it under a new Idempotency-Key"),
    ("mandate.total_max", 409, False, "Above the most in all", "the mandate allows no more in all"),
    ("mandate.not_party", 409, False, "Not a party", "only payer or payee revokes a mandate"),
    ("chain.broken", 409, False, "Chain broken", "another payment of the chain was refused"),
    ("chain.open", 409, False, "Chain without an end", "the last entry of the envelope is linked to a next one"),
    ("import.time_differs", 409, False, "Import out of time", "the time is not after the last import, or not before now"),
)  # fmt: skip


class ClearwayError(Exception):
    """A code of the catalogue with its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        self.kind = CATALOGUE[code]
        self.facts = facts
        super().__init__(code, facts)

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def detail(self) -> str:
        return self.kind.detail.format(**self.facts)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Refusal(ClearwayError):
    """The caller can act."""


class Fault(ClearwayError):
    """The world failed; the same call may succeed later."""


def disk_fault(error: OSError) -> Fault:
    """node.disk_full where room is all that lacks (it may come back), node.disk_failed otherwise."""
    return Fault("node.disk_full" if error.errno in _NO_ROOM else "node.disk_failed")


def either(words: Sequence[str]) -> str:
    """At least one word, as a sentence has them: `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
