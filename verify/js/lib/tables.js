// Written by tools/write_tables.py from the Python sources; do not edit.

export const KINDS = {
  "0": "envelope",
  "1": "sweep",
  "2": "payment",
  "3": "post",
  "4": "void",
  "5": "refund",
  "6": "issue",
  "7": "redeem",
  "8": "open_account",
  "9": "close_account",
  "10": "freeze",
  "11": "unfreeze",
  "12": "register_asset",
  "13": "register_key",
  "14": "revoke_key",
  "15": "set_limit",
  "16": "escrow",
  "17": "release",
  "18": "cancel",
  "19": "mandate",
  "20": "revoke_mandate",
  "21": "pull",
  "22": "set_authority",
  "23": "propose_recovery",
  "24": "finish_recovery",
  "25": "stop_recovery",
  "26": "control_asset",
  "27": "clawback"
};

export const KIND_NUMBERS = {
  "envelope": 0,
  "sweep": 1,
  "payment": 2,
  "post": 3,
  "void": 4,
  "refund": 5,
  "issue": 6,
  "redeem": 7,
  "open_account": 8,
  "close_account": 9,
  "freeze": 10,
  "unfreeze": 11,
  "register_asset": 12,
  "register_key": 13,
  "revoke_key": 14,
  "set_limit": 15,
  "escrow": 16,
  "release": 17,
  "cancel": 18,
  "mandate": 19,
  "revoke_mandate": 20,
  "pull": 21,
  "set_authority": 22,
  "propose_recovery": 23,
  "finish_recovery": 24,
  "stop_recovery": 25,
  "control_asset": 26,
  "clawback": 27
};

export const CODES = {
  "1": "envelope.wrong_chain",
  "2": "envelope.unknown_key",
  "3": "envelope.wrong_institution",
  "4": "envelope.key_not_active",
  "5": "envelope.key_revoked",
  "6": "envelope.expired",
  "7": "envelope.sequence_used",
  "8": "envelope.digest_differs",
  "9": "envelope.bad_signature",
  "20": "key.wrong_purpose",
  "21": "ledger.expired",
  "22": "ledger.valid_too_long",
  "23": "ledger.id_reused",
  "24": "ledger.declined",
  "25": "ledger.inconsistent",
  "26": "ledger.unknown_asset",
  "27": "ledger.amount_zero",
  "28": "ledger.same_account",
  "30": "ledger.unknown_payer",
  "31": "ledger.unknown_payee",
  "32": "ledger.not_custodian",
  "33": "ledger.payer_closed",
  "34": "ledger.payee_closed",
  "35": "ledger.payer_frozen",
  "36": "ledger.payee_frozen",
  "37": "ledger.nostro_misused",
  "38": "ledger.bad_authorisation",
  "39": "ledger.limit_payment",
  "40": "ledger.limit_day",
  "41": "ledger.refund_differs",
  "42": "ledger.refund_exceeds_payment",
  "43": "ledger.legs_differ",
  "44": "ledger.leg_unauthorised",
  "45": "ledger.asset_not_held",
  "46": "ledger.exceeds_available",
  "47": "ledger.overflow",
  "50": "hold.unknown",
  "51": "hold.expired",
  "52": "hold.differs",
  "53": "hold.exceeded",
  "54": "hold.legs_differ",
  "60": "account.exists",
  "61": "account.not_empty",
  "62": "account.already_closed",
  "63": "account.already_frozen",
  "64": "account.not_frozen",
  "70": "asset.out_of_order",
  "71": "asset.code_taken",
  "72": "asset.bad_code",
  "73": "key.exists",
  "74": "key.unknown",
  "75": "key.already_revoked",
  "76": "key.bad_purpose",
  "77": "key.other_institution",
  "80": "escrow.bad_terms",
  "81": "escrow.terms_differ",
  "82": "escrow.bad_share",
  "85": "escrow.unknown",
  "86": "escrow.expired",
  "87": "escrow.differs",
  "88": "escrow.exceeded",
  "89": "escrow.not_accrued",
  "90": "escrow.bad_witness",
  "91": "escrow.unmet",
  "92": "escrow.not_cancellable",
  "95": "mandate.bad_terms",
  "96": "mandate.unknown",
  "97": "mandate.not_running",
  "98": "mandate.differs",
  "99": "mandate.payment_max",
  "100": "mandate.period_max",
  "101": "mandate.total_max",
  "102": "mandate.not_party",
  "110": "chain.broken",
  "111": "chain.open",
  "112": "import.time_differs",
  "120": "authority.bad_policy",
  "121": "authority.no_guardians",
  "122": "recovery.none",
  "123": "recovery.too_early",
  "124": "account.bad_parent",
  "130": "asset.bad_controls",
  "131": "asset.paused",
  "132": "asset.held_back",
  "133": "asset.not_allowed",
  "134": "asset.second_person",
  "135": "asset.no_such_control",
  "136": "asset.not_issuer",
  "137": "asset.control_unchanged"
};

export const FLAGS = {
  "pending": 1,
  "signed": 2,
  "linked": 4,
  "balancing_payer": 8,
  "balancing_payee": 16,
  "closing_payer": 32,
  "closing_payee": 64,
  "imported": 128,
  "net": 256
};

export const ACCOUNT_FLAGS = {
  "nostro": 1,
  "operating": 2,
  "sub": 4,
  "frozen": 256,
  "closed": 512,
  "policy": 1024
};

export const PURPOSES = {
  "pay": 1,
  "issue": 2,
  "compliance": 4,
  "govern": 8,
  "sequence": 16,
  "import": 32
};

export const OUTCOMES = {
  "0": "none",
  "1": "accept",
  "2": "review",
  "3": "decline"
};

export const ROLES = {
  "0": "principal",
  "1": "fee",
  "2": "exchange"
};

export const CONTROLS = {
  "mint_burn": 1,
  "freeze": 2,
  "allow_list": 4,
  "clawback": 8,
  "pause": 16,
  "two_person": 32
};

export const CONTROL_ACTS = {
  "1": "pause",
  "2": "resume",
  "3": "hold_back",
  "4": "let_go",
  "5": "allow",
  "6": "disallow"
};

export const CONTROL_ACTS_ON_ALL = [
  1,
  2
];

export const SENTENCES = {
  "payment": "payment {id} of {most}{amount} {asset}{exchange} from {from} to {to}{held}{decided}",
  "post": "capture {id} of {amount} {asset} from {from} to {to} out of hold {hold}",
  "void": "void {id} of hold {hold}",
  "refund": "refund {id} of {amount} {asset}{exchange} from {from} to {to} of {refund_of}",
  "issue": "issue {id} of {amount} {asset} to {to} against {from}",
  "redeem": "redemption {id} of {most}{amount} {asset} of {from} against {to}",
  "mandate": "mandate {id} of {from} for {to}, at most {amount} {asset} a payment",
  "revoke_mandate": "revocation {id} of mandate {target} for {asked_by}",
  "set_authority": "change {id} of the authority over account {account} to {authority}",
  "propose_recovery": "proposal {id} to recover account {account} for key {key}",
  "finish_recovery": "recovery {id} of account {account}",
  "stop_recovery": "stop {id} of the recovery of account {account}",
  "pull": "payment {id} of {amount} {asset} from {from} to {to} under mandate {target}",
  "open_account": "opening of account {account}",
  "close_account": "closing of account {account}",
  "freeze": "freezing of account {account}",
  "unfreeze": "unfreezing of account {account}",
  "register_asset": "registration of asset {number}, {code}",
  "register_key": "registration of key {key} of institution {institution}",
  "revoke_key": "revocation of key {key}",
  "set_limit": "limit of key {key}: {payment_max} {asset} a payment, {day_max} a day",
  "escrow": "escrow {id} of {amount} {asset} from {from} for {to} under terms {terms_hash}",
  "release": "release {id} of {amount} {asset} to {to} out of escrow {escrow} for {asked_by}",
  "cancel": "cancellation {id} of escrow {escrow} for {asked_by}",
  "control_asset": "{act} of {asset}{holder} by its issuer",
  "clawback": "clawback {id} of {amount} {asset} from {from} to {to} by the asset's issuer",
  "envelope": "envelope {sequence} of institution {institution} with {entries} entries",
  "sweep": "end of what had expired, {count} in number"
};

export const UNREADABLE = "entry of {kind} with {bytes} bytes";

export const STATE_TABLES = [
  [
    "accounts",
    1
  ],
  [
    "assets",
    1
  ],
  [
    "balances",
    1
  ],
  [
    "holds",
    1
  ],
  [
    "escrows",
    1
  ],
  [
    "mandates",
    1
  ],
  [
    "policies",
    1
  ],
  [
    "spends",
    1
  ],
  [
    "keys",
    1
  ],
  [
    "limits",
    1
  ],
  [
    "refunds",
    1
  ],
  [
    "window",
    1
  ]
];
