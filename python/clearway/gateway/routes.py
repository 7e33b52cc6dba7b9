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
    balances,
    case_acts,
    case_flows,
    case_page,
    case_queue,
    case_report,
    cases,
    chain,
    events,
    exchange,
    explanation,
    feedback,
    funding,
    govern,
    issuer,
    linked,
    mandates,
    payment_lists,
    payments,
    queueing,
    releases,
    simulations,
    uploads,
)
from clearway.gateway.account_schemas import (
    Account,
    AccountRequest,
    Balance,
    BalancesQuery,
    EntriesQuery,
    Entry,
    PastBalance,
)
from clearway.gateway.asset_schemas import (
    AssetInfo,
    AssetRequest,
    ClawbackRequest,
    FaucetRequest,
    IssuanceRequest,
    IssuerAct,
    IssuerActRequest,
    KeyLimit,
    LimitRequest,
    NostroRequest,
    OperatingRequest,
    RedemptionRequest,
    SigningKey,
    SigningKeyRequest,
)
from clearway.gateway.authorisation import draft
from clearway.gateway.authority_schemas import AuthorityRequest, RecoveryRequest, StopRequest
from clearway.gateway.case_schemas import (
    AssignRequest,
    Case,
    CaseActSeen,
    CaseDetail,
    CaseEvidence,
    CaseNetwork,
    CaseReport,
    CasesQuery,
    ConfirmRequest,
    LogCheck,
    Moment,
    NetworkQuery,
    NoteRequest,
    ProposeRequest,
    SayWhyRequest,
)
from clearway.gateway.condition_schemas import (
    ApprovalQuery,
    ApprovalToSign,
    CancelRequest,
    ReleaseRequest,
    ReleaseSimulation,
    SimulateRequest,
)
from clearway.gateway.door import Answer, Ask, Move
from clearway.gateway.exchange_schemas import (
    Quote,
    QuoteRequest,
    Rate,
    RatesQuery,
    RouteInfo,
    RoutesQuery,
)
from clearway.gateway.feedback import Feedback, FeedbackRequest
from clearway.gateway.fields import Request
from clearway.gateway.ledger_schemas import BlockInfo, RawBlock, Receipt, ReceiptQuery, TrialBalance
from clearway.gateway.mandate_schemas import MandateRequest, MandateSeen, RevokeRequest
from clearway.gateway.payment_schemas import (
    AmountRequest,
    Event,
    Explanation,
    LinkedRequest,
    Payment,
    PaymentRequest,
    PaymentSimulation,
    PaymentsQuery,
    QueueInfo,
    RefundRequest,
    UploadAnswer,
    UploadLine,
)
from clearway.gateway.schemas import (
    EmptyRequest,
    Listing,
    NoQuery,
    PageQuery,
    Preparation,
    PrepareQuery,
    ReviewRequest,
)

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
    query: type[Request] = NoQuery
    read: Callable[[Ask], Answer] | None = None
    move: Move | None = None
    once: Callable[[Ask], Answer] | None = None
    chain: Callable[[Ask], Awaitable[Answer]] | None = None
    draft: Callable[[Ask], Awaitable[Answer]] | None = None
    stream: Stream | None = None
    media_type: str = "application/json"
    dev_only: bool = False

    @property
    def is_page(self) -> bool:
        """Whether a browser shows it, which is asked for a name and a password: the API key."""
        return self.media_type == "text/html"

    @property
    def keyed(self) -> bool:
        """Whether the request must carry an Idempotency-Key."""
        return self.move is not None or self.once is not None or self.chain is not None


def _get(path: str, summary: str, scope: str, answer: Any, read: Any, **more: Any) -> Route:
    return Route("GET", path, summary, scope, answer, read=read, **more)


def _post(path: str, summary: str, scope: str, answer: Any, move: Move, **more: Any) -> Route:
    return Route("POST", path, summary, scope, answer, move=move, **more)


def _act(path: str, summary: str, scope: str, body: type[Request], act: Any) -> Route:
    """What a person does with a case."""
    return Route("POST", path, summary, scope, CaseActSeen, body=body, chain=act)


def _signed(
    path: str, summary: str, scope: str, answer: Any, move: Move, **more: Any
) -> list[Route]:
    """A move that somebody outside the node may have to sign, and its preparation."""
    route = _post(path, summary, scope, answer, move, **more)
    prepare = Route("POST", f"{path}/prepare", f"What is signed: {summary[0].lower()}{summary[1:]}",
                    scope, Preparation, body=route.body, query=PrepareQuery,
                    draft=partial(draft, prepare=move.prepare))  # fmt: skip
    return [route, prepare]


ROUTES: Final[tuple[Route, ...]] = (
    # accounts
    _post("/v1/accounts", "Open an account", "accounts:write", Account, accounts.OPEN,
          status=201, body=AccountRequest),
    _get("/v1/accounts", "List accounts, newest first", "accounts:read", Listing[Account],
         accounts.list_accounts, query=PageQuery),
    _get("/v1/accounts/{account}", "See an account", "accounts:read", Account, accounts.see),
    _get("/v1/accounts/{account}/balances", "See what an account holds", "accounts:read",
         Listing[Balance], balances.list_balances, query=BalancesQuery),
    _get("/v1/accounts/{account}/history", "List what an account held after each change,"
         " newest first", "accounts:read", Listing[PastBalance], balances.list_history,
         query=EntriesQuery),
    _get("/v1/accounts/{account}/entries", "List an account's bookings, newest first",
         "accounts:read", Listing[Entry], balances.list_entries,
         query=EntriesQuery),
    _post("/v1/accounts/{account}/close", "Close an empty account", "accounts:write", Account,
          accounts.CLOSE, body=EmptyRequest),
    _post("/v1/accounts/{account}/freeze", "Freeze an account", "compliance:write", Account,
          accounts.FREEZE, body=ReviewRequest),
    _post("/v1/accounts/{account}/unfreeze", "Unfreeze an account", "compliance:write", Account,
          accounts.UNFREEZE, body=ReviewRequest),
    *_signed("/v1/accounts/{account}/authority", "Give an account another key, or several",
          "accounts:write", Account, authority.SET, body=AuthorityRequest),
    *_signed("/v1/accounts/{account}/recoveries", "Propose a new key, as an account's guardians",
          "accounts:write", Account, authority.PROPOSE, body=RecoveryRequest),
    _post("/v1/accounts/{account}/recoveries/finish", "Let the proposed key have the account",
          "accounts:write", Account, authority.FINISH, body=EmptyRequest),
    *_signed("/v1/accounts/{account}/recoveries/stop", "Stop a recovery, as who has the account",
          "accounts:write", Account, authority.STOP, body=StopRequest),
    # what is registered
    _post("/v1/assets", "Register an asset", "ledger:govern", AssetInfo, govern.ASSET,
          status=201, body=AssetRequest),
    _post("/v1/nostro-accounts", "Open an account that money enters by", "ledger:govern", Account,
          govern.NOSTRO, status=201, body=NostroRequest),
    _post("/v1/operating-accounts", "Open an account for an asset's fees or exchanges",
          "ledger:govern", Account, govern.OPERATING, status=201, body=OperatingRequest),
    _post("/v1/signing-keys", "Register a key that is held outside the node", "ledger:govern",
          SigningKey, govern.KEY_OF, status=201, body=SigningKeyRequest),
    _get("/v1/signing-keys", "List the ledger's keys", "ledger:read",
         Listing[SigningKey], govern.list_keys),
    _post("/v1/signing-keys/{key}/revoke", "End a key, at once", "ledger:govern",
          SigningKey, govern.REVOKE, body=EmptyRequest),
    _post("/v1/signing-keys/{key}/limits", "Set the most that a key may take of an asset",
          "ledger:govern", KeyLimit, govern.LIMIT, status=201, body=LimitRequest),
    _get("/v1/signing-keys/{key}/limits", "List the limits of a key", "ledger:read",
         Listing[KeyLimit], govern.list_limits),
    # money in and out
    _get("/v1/assets", "List the assets", "", Listing[AssetInfo],
         chain.list_assets),
    *_signed("/v1/issuances", "Let money in against a nostro account", "issuances:write",
          Payment, funding.ISSUE, status=201, body=IssuanceRequest),
    *_signed("/v1/redemptions", "Let money out against a nostro account", "issuances:write",
          Payment, funding.REDEEM, status=201, body=RedemptionRequest),
    *_signed("/v1/issuer-acts", "Pause an asset, freeze or allow a holder, as its issuer",
          "assets:control", IssuerAct, issuer.ACT, body=IssuerActRequest),
    *_signed("/v1/clawbacks", "Take an asset back from its holder, as its issuer", "assets:control",
          Payment, issuer.CLAWBACK, status=201, body=ClawbackRequest),
    _post("/v1/faucet", "Money for trying things (nodes started with --dev)", "issuances:write",
          Payment, funding.FAUCET, status=201, body=FaucetRequest, dev_only=True),
    # payments
    *_signed("/v1/payments", "Pay", "payments:write", Payment, payments.PAY, status=201,
          body=PaymentRequest),
    _get("/v1/payments", "List payments, newest first", "payments:read", Listing[Payment],
         payment_lists.list_payments, query=PaymentsQuery),
    Route("POST", "/v1/payments/batch", "Upload many payments, a line of JSON each",
          "payments:write", UploadAnswer, body=UploadLine, stream=uploads.upload,
          media_type="application/x-ndjson"),
    Route("POST", "/v1/payments/linked", "Pay several payments, all or nothing", "payments:write",
          Listing[Payment], status=201, body=LinkedRequest, chain=linked.pay_linked),
    Route("POST", "/v1/payments/linked/prepare", "What is signed: pay several payments",
          "payments:write", Listing[Preparation | None], body=LinkedRequest,
          query=PrepareQuery, draft=linked.draft_linked),
    _get("/v1/payments/{payment}", "See a payment", "payments:read", Payment,
         payment_lists.see),
    _post("/v1/payments/{payment}/capture", "Take what was held, or a part of it",
          "payments:write", Payment, payments.CAPTURE, body=AmountRequest),
    Route("POST", "/v1/payments/{payment}/void", "Release what was held, or end what waits",
          "payments:write", Payment, body=EmptyRequest, chain=queueing.void),
    *_signed("/v1/payments/{payment}/refund", "Pay back, wholly or in part", "payments:write",
          Payment, payments.REFUND, status=201, body=RefundRequest),
    _post("/v1/payments/{payment}/approve", "Let a payment under review go", "reviews:decide",
          Payment, payments.APPROVE, body=ReviewRequest),
    _post("/v1/payments/{payment}/reject", "Stop a payment under review", "reviews:decide",
          Payment, payments.REJECT, body=ReviewRequest),
    *_signed("/v1/payments/{payment}/release", "Release conditional money, or a part of it",
          "payments:write", Payment, releases.RELEASE, body=ReleaseRequest),
    *_signed("/v1/payments/{payment}/cancel", "Send back what is left of conditional money",
          "payments:write", Payment, releases.CANCEL, body=CancelRequest),
    Route("POST", "/v1/payments/{payment}/simulate", "What a release would come to",
          "payments:write", ReleaseSimulation,
          body=SimulateRequest, read=simulations.simulate_release),
    Route("POST", "/v1/payments/simulate", "What the ledger would answer to a payment",
          "payments:write", PaymentSimulation, body=PaymentRequest,
          read=simulations.simulate_payment),
    _get("/v1/payments/{payment}/approval", "What an approver of a release signs",
         "payments:read", ApprovalToSign, releases.show_approval,
         query=ApprovalQuery),
    _get("/v1/payments/{payment}/receipt", "The proof that a payment stands on the ledger",
         "payments:read", Receipt, chain.receipt, query=ReceiptQuery),
    _get("/v1/payments/{payment}/explanation", "Why a payment went as it did", "payments:read",
         Explanation, explanation.explain),
    Route("POST", "/v1/payments/{payment}/feedback", "Say what became known of a payment",
          "feedback:write", Feedback, status=201, body=FeedbackRequest, once=feedback.give),
    _get("/v1/payments/{payment}/feedback", "What became known of a payment, oldest first",
         "decisions:read", Listing[Feedback], feedback.list_feedback),
    _get("/v1/queue", "What waits for its payers' money, by asset", "payments:read",
         Listing[QueueInfo], queueing.show_queue),
    # cases
    _get("/v1/cases", "List cases, the most urgent first", "cases:read", Listing[Case],
         cases.list_cases, query=CasesQuery),
    _get("/v1/cases/{case}", "See a case", "cases:read", CaseDetail, cases.see_case),
    _get("/v1/cases/{case}/acts", "A case's part of the log", "cases:read", Listing[CaseActSeen],
         cases.list_acts),
    _get("/v1/cases/{case}/evidence", "What a case's alerts and proposals stand on",
         "cases:read", Listing[CaseEvidence], cases.list_evidence),
    _get("/v1/cases/{case}/timeline", "What happened around a case, oldest first", "cases:read",
         Listing[Moment], case_flows.see_timeline),
    _get("/v1/cases/{case}/network", "Where the money came from and where it went", "cases:read",
         CaseNetwork, case_flows.see_network, query=NetworkQuery),
    _get("/v1/cases/{case}/report", "A draft of the report to the authority", "cases:read",
         CaseReport, case_report.see_report),
    Route("GET", "/v1/cases/{case}/page", "A case as one page to read and to print", "cases:read",
          str, stream=case_page.serve, media_type="text/html"),
    _act("/v1/cases/{case}/assign", "Give a case to somebody", "cases:write", AssignRequest,
         case_acts.assign),
    _act("/v1/cases/{case}/notes", "Write a note", "cases:write", NoteRequest, case_acts.note),
    _act("/v1/cases/{case}/propose", "Say how a case ends, for a second person to confirm",
         "cases:write", ProposeRequest, case_acts.propose),
    _act("/v1/cases/{case}/confirm", "Agree, as the second person", "cases:decide",
         ConfirmRequest, case_acts.confirm),
    _act("/v1/cases/{case}/return", "Disagree, as the second person", "cases:decide",
         SayWhyRequest, case_acts.give_back),
    _act("/v1/cases/{case}/reopen", "Open a closed case again", "cases:decide", SayWhyRequest,
         case_acts.reopen),
    Route("GET", "/v1/case-queue", "The queue of cases as a page to read", "cases:read", str,
          query=CasesQuery, stream=case_queue.serve, media_type="text/html"),
    _get("/v1/case-log", "Whether the log of all cases is as it was written", "cases:read",
         LogCheck, cases.check_log),
    # mandates
    *_signed("/v1/mandates", "Allow a payee to be paid again and again", "payments:write",
          MandateSeen, mandates.GRANT, status=201, body=MandateRequest),
    _get("/v1/mandates", "List mandates, newest first", "payments:read",
         Listing[MandateSeen], mandates.list_mandates, query=PageQuery),
    _get("/v1/mandates/{mandate}", "See a mandate", "payments:read", MandateSeen,
         mandates.see),
    *_signed("/v1/mandates/{mandate}/revoke", "End a mandate", "payments:write",
          MandateSeen, mandates.REVOKE, body=RevokeRequest),
    # exchange
    Route("POST", "/v1/quotes", "A rate that holds for a while", "payments:write", Quote,
          status=201, body=QuoteRequest, once=exchange.make_quote),
    _get("/v1/quotes/{quote}", "See a quote", "payments:read", Quote, exchange.see_quote),
    _get("/v1/rates", "The reference rates in use", "", Listing[Rate],
         exchange.list_rates, query=RatesQuery),
    _get("/v1/routes", "The ways a payment could take", "",
         Listing[RouteInfo], exchange.list_routes, query=RoutesQuery),
    # events
    Route("GET", "/v1/events", "Follow what happens (server-sent events)", "events:read",
          Event, stream=events.follow, media_type="text/event-stream"),
    # the shared ledger
    _get("/v1/blocks", "List blocks, newest first", "ledger:read", Listing[BlockInfo],
         chain.list_blocks, query=PageQuery),
    _get("/v1/blocks/{height}", "See a block", "ledger:read", BlockInfo, chain.see_block),
    Route("GET", "/v1/blocks/{height}/raw", "A block as a record of the log, to check oneself",
          "ledger:read", RawBlock, stream=chain.raw_block,
          media_type="application/octet-stream"),
    _get("/v1/genesis", "The chain's beginning, which receipts are checked against",
         "ledger:read", dict[str, Any], chain.see_genesis),
    _get("/v1/trial-balance", "The sums of all balances per asset", "ledger:read",
         TrialBalance, chain.trial_balance),
)  # fmt: skip
