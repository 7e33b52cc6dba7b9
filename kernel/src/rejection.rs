//! Refusals: closed, numbered, never reused. Where more than one applies, the rules in `apply`
//! answer with the first in their order.

macro_rules! rejections {
    ($($name:ident = $code:literal $text:literal),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rejection {
            $($name),+
        }

        impl Rejection {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code),+
                }
            }

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

rejections! {
    WrongChain = 1 "envelope.wrong_chain",
    UnknownKey = 2 "envelope.unknown_key",
    WrongInstitution = 3 "envelope.wrong_institution",
    KeyNotActive = 4 "envelope.key_not_active",
    KeyRevoked = 5 "envelope.key_revoked",
    EnvelopeExpired = 6 "envelope.expired",
    SequenceUsed = 7 "envelope.sequence_used",
    DigestDiffers = 8 "envelope.digest_differs",
    BadSignature = 9 "envelope.bad_signature",
    WrongPurpose = 20 "key.wrong_purpose",
    Expired = 21 "ledger.expired",
    ValidTooLong = 22 "ledger.valid_too_long",
    IdReused = 23 "ledger.id_reused",
    Declined = 24 "ledger.declined",
    Inconsistent = 25 "ledger.inconsistent",
    UnknownAsset = 26 "ledger.unknown_asset",
    AmountZero = 27 "ledger.amount_zero",
    SameAccount = 28 "ledger.same_account",
    UnknownPayer = 30 "ledger.unknown_payer",
    UnknownPayee = 31 "ledger.unknown_payee",
    NotCustodian = 32 "ledger.not_custodian",
    PayerClosed = 33 "ledger.payer_closed",
    PayeeClosed = 34 "ledger.payee_closed",
    PayerFrozen = 35 "ledger.payer_frozen",
    PayeeFrozen = 36 "ledger.payee_frozen",
    NostroMisused = 37 "ledger.nostro_misused",
    BadAuthorisation = 38 "ledger.bad_authorisation",
    LimitPayment = 39 "ledger.limit_payment",
    LimitDay = 40 "ledger.limit_day",
    RefundDiffers = 41 "ledger.refund_differs",
    RefundExceedsPayment = 42 "ledger.refund_exceeds_payment",
    LegsDiffer = 43 "ledger.legs_differ",
    LegUnauthorised = 44 "ledger.leg_unauthorised",
    AssetNotHeld = 45 "ledger.asset_not_held",
    ExceedsAvailable = 46 "ledger.exceeds_available",
    Overflow = 47 "ledger.overflow",
    HoldUnknown = 50 "hold.unknown",
    HoldExpired = 51 "hold.expired",
    HoldDiffers = 52 "hold.differs",
    HoldExceeded = 53 "hold.exceeded",
    HoldLegsDiffer = 54 "hold.legs_differ",
    AccountExists = 60 "account.exists",
    AccountNotEmpty = 61 "account.not_empty",
    AccountAlreadyClosed = 62 "account.already_closed",
    AccountAlreadyFrozen = 63 "account.already_frozen",
    AccountNotFrozen = 64 "account.not_frozen",
    AssetOutOfOrder = 70 "asset.out_of_order",
    AssetCodeTaken = 71 "asset.code_taken",
    AssetBadCode = 72 "asset.bad_code",
    KeyExists = 73 "key.exists",
    KeyUnknown = 74 "key.unknown",
    KeyAlreadyRevoked = 75 "key.already_revoked",
    KeyBadPurpose = 76 "key.bad_purpose",
    KeyOtherInstitution = 77 "key.other_institution",
    EscrowBadTerms = 80 "escrow.bad_terms",
    EscrowTermsDiffer = 81 "escrow.terms_differ",
    EscrowBadShare = 82 "escrow.bad_share",
    EscrowUnknown = 85 "escrow.unknown",
    EscrowExpired = 86 "escrow.expired",
    EscrowDiffers = 87 "escrow.differs",
    EscrowExceeded = 88 "escrow.exceeded",
    EscrowNotAccrued = 89 "escrow.not_accrued",
    EscrowBadWitness = 90 "escrow.bad_witness",
    EscrowUnmet = 91 "escrow.unmet",
    EscrowNotCancellable = 92 "escrow.not_cancellable",
    MandateBadTerms = 95 "mandate.bad_terms",
    MandateUnknown = 96 "mandate.unknown",
    MandateNotRunning = 97 "mandate.not_running",
    MandateDiffers = 98 "mandate.differs",
    MandatePaymentMax = 99 "mandate.payment_max",
    MandatePeriodMax = 100 "mandate.period_max",
    MandateTotalMax = 101 "mandate.total_max",
    MandateNotParty = 102 "mandate.not_party",
    ChainBroken = 110 "chain.broken",
    ChainOpen = 111 "chain.open",
    ImportTimeDiffers = 112 "import.time_differs",
    AuthorityBadPolicy = 120 "authority.bad_policy",
    AuthorityNoGuardians = 121 "authority.no_guardians",
    RecoveryNone = 122 "recovery.none",
    RecoveryTooEarly = 123 "recovery.too_early",
    AccountBadParent = 124 "account.bad_parent",
    AssetBadControls = 130 "asset.bad_controls",
    AssetPaused = 131 "asset.paused",
    AssetHeldBack = 132 "asset.held_back",
    AssetNotAllowed = 133 "asset.not_allowed",
    AssetSecondPerson = 134 "asset.second_person",
    AssetNoSuchControl = 135 "asset.no_such_control",
    AssetNotIssuer = 136 "asset.not_issuer",
    AssetControlUnchanged = 137 "asset.control_unchanged",
}

impl Rejection {
    /// The check `holds` must pass, else this is the answer.
    pub fn unless(self, holds: bool) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(self) }
    }

    pub fn when(self, applies: bool) -> Result<(), Self> {
        if applies { Err(self) } else { Ok(()) }
    }
}
