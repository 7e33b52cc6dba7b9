"""Fields and the base that the shapes of several files share."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from clearway.payment.ids import ACCOUNT_ID
from clearway.payment.records import INSTRUCTION_BYTES

SIGNATURES_MAX = 16

AccountId = Annotated[
    str,
    Meta(
        pattern=f"^{ACCOUNT_ID.pattern}$",
        description="The account's name, chosen by the client; it never stands on the ledger.",
        examples=["alice"],
    ),
]
Amount = Annotated[
    str,
    Meta(
        max_length=100,
        description="Decimal text in major units, at most as many decimals as the asset has.",
        examples=["12.34"],
    ),
]
AssetCode = Annotated[str, Meta(max_length=16, examples=["EUR/2"])]
Time = Annotated[str, Meta(description="RFC 3339, UTC.", examples=["2026-11-23T19:07:44.123456Z"])]
Hash = Annotated[str, Meta(description="32 bytes in hex.")]
Key = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{64}$",
        description="An Ed25519 public key, 32 bytes in hex.",
        examples=["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"],
    ),
]
Signature = Annotated[str, Meta(pattern="^[0-9a-f]{128}$", description="Ed25519, 64 bytes in hex.")]
Reference = Annotated[str, Meta(max_length=140, description="Shown to both sides.")]
MetadataKey = Annotated[str, Meta(max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=1_024)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=50)]


class Request(Struct, forbid_unknown_fields=True, frozen=True):
    """A body: unknown fields are refused."""


class Prepared(Request, frozen=True):
    """`prepared` of the answer to `…/prepare`, as it stands there."""

    instruction: Annotated[
        str,
        Meta(
            pattern=f"^[0-9a-f]{{{2 * INSTRUCTION_BYTES}}}$",
            description="What the ledger applies, canonical bytes of docs/format.md in hex.",
        ),
    ]
    salt: Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="Of what is kept private.")]


class KeySignature(Request, frozen=True):
    """`key`'s signature over the `digest` of the answer to `…/prepare`."""

    key: Key
    signature: Signature


class Signed(Request, frozen=True, kw_only=True):
    """A request that the owner of a self-custody account signs: docs/self-custody.md."""

    prepared: Prepared | UnsetType = UNSET
    signatures: (
        Annotated[list[KeySignature], Meta(min_length=1, max_length=SIGNATURES_MAX)] | UnsetType
    ) = UNSET


class Seconded(Request, frozen=True, kw_only=True):
    """A request that a second person signs, where the asset asks for two: docs/issuer.md."""

    prepared: Prepared | UnsetType = UNSET
    second: KeySignature | UnsetType = UNSET
