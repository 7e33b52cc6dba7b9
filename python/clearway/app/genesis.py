"""The genesis that a node of its own starts from: assets, keys, and the institution's accounts.

Genesis can only open accounts; money comes in by an issuance against the nostro account.
"""

from __future__ import annotations

from typing import Final

from clearway.app.keys import Keys
from clearway.ledger.crypto import public_key
from clearway.ledger.genesis import Genesis, GenesisAccount, GenesisInstitution, GenesisKey
from clearway.payment.ids import account_address
from clearway.payment.money import Asset, parse_asset_code
from clearway.payment.records import AccountFlag, Control, Purpose

INSTITUTION: Final = 1
NOSTRO, LIQUIDITY, FEES = "nostro", "liquidity", "fees"
ASSET_CODES: Final = (
    "EUR/2", "USD/2", "GBP/2", "JPY/0", "CHF/2", "INR/2", "SEK/2", "NOK/2", "DKK/2", "PLN/2",
    "CAD/2", "AUD/2", "SGD/2", "BRL/2", "MXN/2", "CNY/2",
)  # fmt: skip
# For trying what an issuer may do: the code that ISO 4217 reserves for tests, on dev nodes only.
CONTROLLED_CODE: Final = "XTS/2"
CONTROLLED_BY: Final = sum(Control) - Control.TWO_PERSON
LIQUIDITY_MAJOR: Final = 100_000_000  # of every asset, issued at the first start with --dev


def make_genesis(keys: Keys, *, name: str, time_ns: int, dev: bool = False) -> Genesis:
    """One institution, all purposes on keys of this node. Payments, issuance, compliance and
    imports share the key that signs envelopes; governance has its own, to be taken offline."""
    pay = Purpose.PAY | Purpose.ISSUE | Purpose.COMPLIANCE | Purpose.IMPORT
    assets = [
        Asset(number, code, parse_asset_code(code)[1])
        for number, code in enumerate(ASSET_CODES, start=1)
    ]
    if dev:
        number, scale = len(assets) + 1, parse_asset_code(CONTROLLED_CODE)[1]
        assets.append(Asset(number, CONTROLLED_CODE, scale, CONTROLLED_BY, INSTITUTION))
    codes = tuple(asset.code for asset in assets)
    # Nobody exchanges an asset that has no market, so the liquidity account goes without.
    accounts = (
        (NOSTRO, AccountFlag.NOSTRO, codes),
        (LIQUIDITY, AccountFlag.OPERATING, ASSET_CODES),
        (FEES, AccountFlag.OPERATING, codes),
    )
    return Genesis(
        name=name,
        time_ns=time_ns,
        institutions=(GenesisInstitution(INSTITUTION, name),),
        assets=tuple(assets),
        keys=(
            GenesisKey(public_key(keys.institution), INSTITUTION, pay, 0),
            GenesisKey(public_key(keys.sequencer), INSTITUTION, Purpose.SEQUENCE, 0),
            GenesisKey(public_key(keys.governance), INSTITUTION, Purpose.GOVERN, 0),
        ),
        accounts=tuple(
            GenesisAccount(id, account_address(keys.secret, id), INSTITUTION, flags, held)
            for id, flags, held in accounts
        ),
    )
