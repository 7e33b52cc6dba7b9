"""Every path of the gateway: method, scope, shapes, function. The router and OpenAPI read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from starlette.types import Receive, Scope, Send

from clearway.gateway import (
    accounts,
    authority,
    authority_schemas,
    chain,
    condition_schemas,
    events,
    exchange,
    explanation,
    funding,
    govern,
    issuer,
    linked,
    mandates,
    payment_lists,
    payments,
    queueing,
    releases,
    schemas,
    simulations,
    uploads,
)
from clearway.gateway.authorisation import draft
from clearway.gateway.door import Answer, Ask, Move
from clearway.gateway.fields import Request
from clearway.gateway.schemas import Account, Listing, Payment

Stream = Callable[[Ask, Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One row: exactly one of `read` (runs beside the loop), `move`, `chain` (several entries),
    `draft` (of a move or chain, to be signed), `once` and `stream` is given.

    scope: what the key must have; "" is any key. body, query: how the request is decoded.
    answer: the shape of what comes back.
    """

    method: Literal["GET", "POST"]
    path: str
    summary: str
    scope: str
    answer: Any
    status: int = 200
    body: type[Request] | None = None
    query: type[Request] = schemas.NoQuery
    read: Callable[[Ask], Answer] | None = None
    move: Move | None = None
    once: Callable[[Ask], Answer] | None = None
    chain: Callable[[Ask], Awaitable[Answer]] | None = None
    draft: Callable[[Ask], Awaitable[Answer]] | None = None
    stream: Stream | None = None
    media_type: str = "application/json"
    dev_only: bool = False

    @property
    def keyed(self) -> bool:
        """Whether the request must carry an Idempotency-Key."""
        return self.move is not None or self.once is not None or self.chain is not None


def _get(path: str, summary: str, scope: str, answer: Any, read: Any, **more: Any) -> Route:
    return Route("GET", path, summary, scope, answer, read=read, **more)


def _post(path: str, summary: str, scope: str, answer: Any, move: Move, **more: Any) -> Route:
    return Route("POST", path, summary, scope, answer, move=move, **more)


def _signed(
    path: str, summary: str, scope: str, answer: Any, move: Move, **more: Any
) -> list[Route]:
    """A move that somebody outside the node may have to sign, and its preparation."""
    route = _post(path, summary, scope, answer, move, **more)
    prepare = Route("POST", f"{path}/prepare", f"What is signed: {summary[0].lower()}{summary[1:]}",
                    scope, schemas.Preparation, body=route.body, query=schemas.PrepareQuery,
                    draft=partial(draft, prepare=move.prepare))  # fmt: skip
    return [route, prepare]


ROUTES: Final[tuple[Route, ...]] = (
    # accounts
    _post("/v1/accounts", "Open an account", "accounts:write", Account, accounts.OPEN,
          status=201, body=schemas.AccountRequest),
    _get("/v1/accounts", "List accounts, newest first", "accounts:read", Listing[Account],
         accounts.list_accounts, query=schemas.PageQuery),
    _get("/v1/accounts/{account}", "See an account", "accounts:read", Account, accounts.see),
    _get("/v1/accounts/{account}/balances", "See what an account holds", "accounts:read",
         Listing[schemas.Balance], accounts.list_balances, query=schemas.BalancesQuery),
    _get("/v1/accounts/{account}/entries", "List an account's bookings, newest first",
         "accounts:read", Listing[schemas.Entry], accounts.list_entries,
         query=schemas.EntriesQuery),
    _post("/v1/accounts/{account}/close", "Close an empty account", "accounts:write", Account,
          accounts.CLOSE, body=schemas.EmptyRequest),
    _post("/v1/accounts/{account}/freeze", "Freeze an account", "compliance:write", Account,
          accounts.FREEZE, body=schemas.ReviewRequest),
    _post("/v1/accounts/{account}/unfreeze", "Unfreeze an account", "compliance:write", Account,
          accounts.UNFREEZE, body=schemas.ReviewRequest),
    *_signed("/v1/accounts/{account}/authority", "Give an account another key, or several",
          "accounts:write", Account, authority.SET, body=authority_schemas.AuthorityRequest),
    *_signed("/v1/accounts/{account}/recoveries", "Propose a new key, as an account's guardians",
          "accounts:write", Account, authority.PROPOSE, body=authority_schemas.RecoveryRequest),
    _post("/v1/accounts/{account}/recoveries/finish", "Let the proposed key have the account",
          "accounts:write", Account, authority.FINISH, body=schemas.EmptyRequest),
    *_signed("/v1/accounts/{account}/recoveries/stop", "Stop a recovery, as who has the account",
          "accounts:write", Account, authority.STOP, body=authority_schemas.StopRequest),
    # what is registered
    _post("/v1/assets", "Register an asset", "ledger:govern", schemas.AssetInfo, govern.ASSET,
          status=201, body=schemas.AssetRequest),
    _post("/v1/nostro-accounts", "Open an account that money enters by", "ledger:govern", Account,
          govern.NOSTRO, status=201, body=schemas.NostroRequest),
    _post("/v1/signing-keys", "Register a key that is held outside the node", "ledger:govern",
          schemas.SigningKey, govern.KEY_OF, status=201, body=schemas.SigningKeyRequest),
    _get("/v1/signing-keys", "List the ledger's keys", "ledger:read",
         Listing[schemas.SigningKey], govern.list_keys),
    _post("/v1/signing-keys/{key}/revoke", "End a key, at once", "ledger:govern",
          schemas.SigningKey, govern.REVOKE, body=schemas.EmptyRequest),
    # money in and out
    _get("/v1/assets", "List the assets", "", Listing[schemas.AssetInfo],
         chain.list_assets),
    *_signed("/v1/issuances", "Let money in against a nostro account", "issuances:write",
          Payment, funding.ISSUE, status=201, body=schemas.IssuanceRequest),
    *_signed("/v1/redemptions", "Let money out against a nostro account", "issuances:write",
          Payment, funding.REDEEM, status=201, body=schemas.RedemptionRequest),
    *_signed("/v1/issuer-acts", "Pause an asset, freeze or allow a holder, as its issuer",
          "assets:control", schemas.IssuerAct, issuer.ACT, body=schemas.IssuerActRequest),
    *_signed("/v1/clawbacks", "Take an asset back from its holder, as its issuer", "assets:control",
          Payment, issuer.CLAWBACK, status=201, body=schemas.ClawbackRequest),
    _post("/v1/faucet", "Money for trying things (nodes started with --dev)", "issuances:write",
          Payment, funding.FAUCET, status=201, body=schemas.FaucetRequest, dev_only=True),
    # payments
    *_signed("/v1/payments", "Pay", "payments:write", Payment, payments.PAY, status=201,
          body=schemas.PaymentRequest),
    _get("/v1/payments", "List payments, newest first", "payments:read", Listing[Payment],
         payment_lists.list_payments, query=schemas.PaymentsQuery),
    Route("POST", "/v1/payments/batch", "Upload many payments, a line of JSON each",
          "payments:write", schemas.UploadAnswer, body=schemas.UploadLine, stream=uploads.upload,
          media_type="application/x-ndjson"),
    Route("POST", "/v1/payments/linked", "Pay several payments, all or nothing", "payments:write",
          Listing[Payment], status=201, body=schemas.LinkedRequest, chain=linked.pay_linked),
    Route("POST", "/v1/payments/linked/prepare", "What is signed: pay several payments",
          "payments:write", Listing[schemas.Preparation | None], body=schemas.LinkedRequest,
          query=schemas.PrepareQuery, draft=linked.draft_linked),
    _get("/v1/payments/{payment}", "See a payment", "payments:read", Payment,
         payment_lists.see),
    _post("/v1/payments/{payment}/capture", "Take what was held, or a part of it",
          "payments:write", Payment, payments.CAPTURE, body=schemas.AmountRequest),
    Route("POST", "/v1/payments/{payment}/void", "Release what was held, or end what waits",
          "payments:write", Payment, body=schemas.EmptyRequest, chain=queueing.void),
    *_signed("/v1/payments/{payment}/refund", "Pay back, wholly or in part", "payments:write",
          Payment, payments.REFUND, status=201, body=schemas.RefundRequest),
    _post("/v1/payments/{payment}/approve", "Let a payment under review go", "reviews:decide",
          Payment, payments.APPROVE, body=schemas.ReviewRequest),
    _post("/v1/payments/{payment}/reject", "Stop a payment under review", "reviews:decide",
          Payment, payments.REJECT, body=schemas.ReviewRequest),
    *_signed("/v1/payments/{payment}/release", "Release conditional money, or a part of it",
          "payments:write", Payment, releases.RELEASE, body=condition_schemas.ReleaseRequest),
    *_signed("/v1/payments/{payment}/cancel", "Send back what is left of conditional money",
          "payments:write", Payment, releases.CANCEL, body=condition_schemas.CancelRequest),
    Route("POST", "/v1/payments/{payment}/simulate", "What a release would come to",
          "payments:write", condition_schemas.ReleaseSimulation,
          body=condition_schemas.SimulateRequest, read=simulations.simulate_release),
    Route("POST", "/v1/payments/simulate", "What the ledger would answer to a payment",
          "payments:write", schemas.PaymentSimulation, body=schemas.PaymentRequest,
          read=simulations.simulate_payment),
    _get("/v1/payments/{payment}/approval", "What an approver of a release signs",
         "payments:read", condition_schemas.ApprovalToSign, releases.show_approval,
         query=condition_schemas.ApprovalQuery),
    _get("/v1/payments/{payment}/receipt", "The proof that a payment stands on the ledger",
         "payments:read", schemas.Receipt, chain.receipt, query=schemas.ReceiptQuery),
    _get("/v1/payments/{payment}/explanation", "Why a payment went as it did", "payments:read",
         schemas.Explanation, explanation.explain),
    _get("/v1/queue", "What waits for its payers' money, by asset", "payments:read",
         Listing[schemas.QueueInfo], queueing.show_queue),
    # mandates
    *_signed("/v1/mandates", "Allow a payee to be paid again and again", "payments:write",
          schemas.MandateSeen, mandates.GRANT, status=201, body=schemas.MandateRequest),
    _get("/v1/mandates", "List mandates, newest first", "payments:read",
         Listing[schemas.MandateSeen], mandates.list_mandates, query=schemas.PageQuery),
    _get("/v1/mandates/{mandate}", "See a mandate", "payments:read", schemas.MandateSeen,
         mandates.see),
    *_signed("/v1/mandates/{mandate}/revoke", "End a mandate", "payments:write",
          schemas.MandateSeen, mandates.REVOKE, body=schemas.RevokeRequest),
    # exchange
    Route("POST", "/v1/quotes", "A rate that holds for a while", "payments:write", schemas.Quote,
          status=201, body=schemas.QuoteRequest, once=exchange.make_quote),
    _get("/v1/quotes/{quote}", "See a quote", "payments:read", schemas.Quote, exchange.see_quote),
    _get("/v1/rates", "The reference rates in use", "", Listing[schemas.Rate],
         exchange.list_rates, query=schemas.RatesQuery),
    _get("/v1/routes", "The ways a payment could take", "",
         Listing[schemas.RouteInfo], exchange.list_routes, query=schemas.RoutesQuery),
    # events
    Route("GET", "/v1/events", "Follow what happens (server-sent events)", "events:read",
          schemas.Event, stream=events.follow, media_type="text/event-stream"),
    # the shared ledger
    _get("/v1/blocks", "List blocks, newest first", "ledger:read", Listing[schemas.BlockInfo],
         chain.list_blocks, query=schemas.PageQuery),
    _get("/v1/blocks/{height}", "See a block", "ledger:read", schemas.BlockInfo, chain.see_block),
    Route("GET", "/v1/blocks/{height}/raw", "A block as a record of the log, to check oneself",
          "ledger:read", schemas.RawBlock, stream=chain.raw_block,
          media_type="application/octet-stream"),
    _get("/v1/genesis", "The chain's beginning, which receipts are checked against",
         "ledger:read", dict[str, Any], chain.see_genesis),
    _get("/v1/trial-balance", "The sums of all balances per asset", "ledger:read",
         schemas.TrialBalance, chain.trial_balance),
)  # fmt: skip
