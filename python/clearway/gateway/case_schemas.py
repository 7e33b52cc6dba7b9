"""Cases as clients ask for and get them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.cases.network import HOPS_MAX
from clearway.cases.report import Report
from clearway.gateway.fields import AccountId, Amount, AssetCode, Hash, Request, Time
from clearway.gateway.schemas import PageQuery

CaseStatusName = Literal["open", "assigned", "proposed", "closed"]
DecisionName = Literal["fraud", "honest", "report"]
CaseActName = Literal[
    "alert", "assign", "note", "propose", "confirm", "return", "escalate", "reopen"
]
NOTE_CHARS_MAX = 4_000
Text = Annotated[str, Meta(min_length=1, max_length=NOTE_CHARS_MAX)]
Principal = Annotated[str, Meta(pattern="^[A-Za-z0-9_.@-]{1,64}$", examples=["ann"])]
EurAmount = Annotated[str, Meta(description="Euros, for comparing: by a fixed table of rates.")]

# --- what clients send ----------------------------------------------------------------------------


class CasesQuery(PageQuery, frozen=True):
    status: CaseStatusName | None = None
    assignee: Principal | None = None
    typology: (
        Annotated[
            str,
            Meta(
                pattern="^[a-z_]{1,40}(\\.[a-z_]{1,40})?$",
                description="A family such as `laundering`, or a typology such as"
                " `laundering.mule`.",
            ),
        ]
        | None
    ) = None
    account: AccountId | None = None
    payment: Annotated[str, Meta(max_length=64, description="An alert is about it.")] | None = None


class NetworkQuery(Request, frozen=True):
    hops: Annotated[int, Meta(ge=1, le=HOPS_MAX)] = 2


class AssignRequest(Request, frozen=True):
    assignee: Principal


class NoteRequest(Request, frozen=True):
    text: Text


class ProposeRequest(Request, frozen=True):
    """note: what a second person has to know, and what a report says was found."""

    decision: DecisionName
    note: Text


class ConfirmRequest(Request, frozen=True):
    """evidence: hash of what was looked at; refused when the proposal stands on another."""

    note: Text | None = None
    evidence: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class SayWhyRequest(Request, frozen=True):
    note: Text


# --- what clients get -----------------------------------------------------------------------------


class Proposal(Struct, frozen=True):
    """evidence: SHA-256 of what it stands on; `…/evidence` has the bytes. confirmed_by: null until
    a second person agreed."""

    decision: DecisionName
    proposed_by: str
    evidence: Hash
    confirmed_by: str | None


class Case(Struct, frozen=True, kw_only=True):
    """place: in the queue, from 1; null of a closed case. why: why it stands there. follows: an
    earlier case of the same account and family; followed_by: a later one."""

    id: str
    object: Literal["case"]
    created: Time
    status: CaseStatusName
    account: str
    family: str
    typologies: list[str]
    alerts: int
    expected_loss: EurAmount
    place: int | None
    why: list[str]
    assignee: str | None
    last_alert: Time
    due: Time
    overdue: bool
    proposal: Proposal | None
    follows: str | None


class CaseReason(Struct, frozen=True):
    code: str
    text: str


class CaseAlert(Struct, frozen=True, kw_only=True):
    """evidence: SHA-256 of what was known when it was raised."""

    id: str
    object: Literal["alert"]
    created: Time
    typology: str
    text: str
    score_bps: int
    amount: EurAmount
    expected_loss: EurAmount
    reasons: list[CaseReason]
    payment: str | None
    height: int
    index: int
    evidence: Hash


class CasePayment(Struct, frozen=True, kw_only=True):
    """A payment of the case as it is now. expires: of what is held or under review, when the money
    goes back by itself."""

    id: str
    created: Time
    status: str
    from_: Annotated[str, Meta(description="The payer.")] = field(name="from")
    to: str
    amount: Amount
    asset: AssetCode
    label: str | None
    expires: Time | UnsetType = UNSET


class CaseMatch(Struct, frozen=True, kw_only=True):
    """An entry of a sanctions list that an account's owner is taken for, today. score: how probably
    it is the same person, 0 to 1."""

    account: str
    list_name: str
    entity_id: str
    matched_name: str
    programmes: list[str]
    score: float


class CaseNote(Struct, frozen=True, kw_only=True):
    """text: null when the person that the case is about was erased."""

    act: int
    created: Time
    by: str
    kind: CaseActName
    text: str | None


class CaseDetail(Case, frozen=True, kw_only=True):
    """owner: the account's owner as the vault has it; null when none was given, or erased. matches:
    of a sanctions case, whom its parties are taken for."""

    owner: dict[str, Any] | None
    followed_by: str | None
    matches: list[CaseMatch]
    alert_list: list[CaseAlert]
    payments: list[CasePayment]
    notes: list[CaseNote]


class CaseActSeen(Struct, frozen=True, kw_only=True):
    """One record of the log of all cases. request: what its Idempotency-Key became, 16 bytes in
    hex; null of what the node did by itself. hash: SHA-256 over everything else here, as
    docs/cases.md says; previous: that of the record before it, of whatever case."""

    id: str
    object: Literal["case_act"]
    n: int
    case: str
    request: str | None
    created: Time
    time_ns: int
    by: str
    api_key: str
    act: CaseActName
    status: CaseStatusName
    facts: dict[str, str]
    previous: Hash
    hash: Hash


class CaseEvidence(Struct, frozen=True, kw_only=True):
    """body: canonical JSON as text, so that its SHA-256 is `hash` to the byte."""

    object: Literal["evidence"]
    act: int
    hash: Hash
    whole: bool
    body: str


class LogCheck(Struct, frozen=True, kw_only=True):
    """Of the log of all cases: whether every record, note and evidence is as it was written."""

    object: Literal["case_log_check"]
    ok: bool
    acts: int
    first_bad: int | None
    what: str


MomentKind = Literal["payment", "change", "alert", "act"]


class Moment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened. kind: a payment of the account, a change of a payment of the case,
    an alert, or an act on the case. in_case: a payment that an alert is about. direction: as the
    case's account sees it."""

    time: Time
    kind: MomentKind
    text: str
    by: str | UnsetType = UNSET
    payment: str | UnsetType = UNSET
    in_case: bool | UnsetType = UNSET
    direction: Literal["in", "out"] | UnsetType = UNSET
    counterparty: str | UnsetType = UNSET
    amount: Amount | UnsetType = UNSET
    asset: AssetCode | UnsetType = UNSET
    status: str | UnsetType = UNSET


class FlowNode(Struct, frozen=True, kw_only=True):
    """hop: steps from the case's account. hub: nothing was followed through it, because so much
    goes through it, or it is the institution's own. received, sent: what settled along the edges
    shown."""

    account: str
    owner: str | None
    hop: int
    hub: bool
    received: EurAmount
    sent: EurAmount


class FlowEdge(Struct, frozen=True, kw_only=True):
    """All payments from one account to another in one asset. moved: what the payee has; stopped:
    what was declined, returned, or still waits."""

    from_: str = field(name="from")
    to: str
    asset: AssetCode
    payments: int
    alerts: int
    moved: Amount
    stopped: Amount
    value: EurAmount
    first: Time
    last: Time


class RelatedCase(Struct, frozen=True, kw_only=True):
    """Another open case, of an account in the flow: what one scheme looks like from its other
    accounts."""

    case: str
    account: str
    family: str
    status: CaseStatusName
    alerts: int
    expected_loss: EurAmount


class CaseNetwork(Struct, frozen=True, kw_only=True):
    """The case's account first. cases: other open ones of these accounts, the most urgent first.
    left_off: accounts that were found beside these."""

    object: Literal["network"]
    case: str
    hops: int
    nodes: list[FlowNode]
    edges: list[FlowEdge]
    cases: list[RelatedCase]
    left_off: int


class CaseReport(Struct, frozen=True, kw_only=True):
    """A draft of what the authority is told, in goAML's names where it has one. Nothing was sent
    anywhere."""

    object: Literal["report_draft"]
    case: str
    report: Report
