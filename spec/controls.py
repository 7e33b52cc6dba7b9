"""What the issuer of an asset may do, as it was declared when the asset was registered.

`check_movement` stands in the way of every movement; the kinds at the end are the issuer's acts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spec.codes import Refusal, refuse_if
from spec.ed25519 import verify
from spec.policy import message_of
from spec.records import (
    KEY_NAME,
    AccountFlag,
    AssetFlag,
    BalanceFlag,
    Control,
    ControlAct,
    DecodeError,
    Entry,
    Flag,
    Kind,
    Purpose,
    unpack,
)
from spec.scene import Scene
from spec.state import Account, Asset, Balance, State

ACTS: Final = (Kind.ISSUE, Kind.CONTROL_ASSET, Kind.CLAWBACK)
CONTROL_OF_ACT: Final[dict[int, Control]] = {
    ControlAct.PAUSE: Control.PAUSE,
    ControlAct.RESUME: Control.PAUSE,
    ControlAct.HOLD_BACK: Control.FREEZE,
    ControlAct.LET_GO: Control.FREEZE,
    ControlAct.ALLOW: Control.ALLOW_LIST,
    ControlAct.DISALLOW: Control.ALLOW_LIST,
}


def check_movement(asset: Asset, give: Balance, get: Balance, getter: Account) -> None:
    """Codes 131 to 133."""
    exempt = getter.has(AccountFlag.NOSTRO) or getter.has(AccountFlag.OPERATING)
    listed = asset.has(Control.ALLOW_LIST) and not exempt
    refuse_if(bool(asset.flags & AssetFlag.PAUSED), "asset.paused")
    refuse_if(bool((give.flags | get.flags) & BalanceFlag.HELD_BACK), "asset.held_back")
    refuse_if(listed and not get.flags & BalanceFlag.ALLOWED, "asset.not_allowed")


def check_issuer(state: State, entry: Entry, scene: Scene) -> None:
    """Code 136 of an issue or a redemption."""
    asset = state.assets[entry.asset]
    closed = asset.has(Control.MINT_BURN) and asset.issuer != scene.institution
    refuse_if(closed, "asset.not_issuer")


# --- the second person ----------------------------------------------------------------------


def needs_second_person(state: State, entry: Entry) -> bool:
    asset = state.assets.get(entry.asset)
    return entry.kind in ACTS and asset is not None and asset.has(Control.TWO_PERSON)


def check_second_person(state: State, entry: Entry, scene: Scene) -> None:
    """Code 134: another key of the issuer has signed what the owner of an account would sign."""
    if not needs_second_person(state, entry):
        return
    refuse_if(len(entry.units) != 1 or not entry.flags & Flag.SIGNED, "asset.second_person")
    refuse_if(entry.signers != 0, "asset.second_person")
    try:
        name = unpack(KEY_NAME, entry.units[0])["key"]
    except DecodeError as error:
        raise Refusal("asset.second_person") from error
    key = state.keys.get(name)
    if key is None or key.key == scene.key:
        raise Refusal("asset.second_person")
    refuse_if(key.institution != state.assets[entry.asset].issuer, "asset.second_person")
    refuse_if(not key.purposes & Purpose.ISSUE, "asset.second_person")
    refuse_if(scene.height < key.activation_height, "asset.second_person")
    refuse_if(key.revoked_height != 0, "asset.second_person")
    message = message_of(entry, scene.chain_id)
    refuse_if(not verify(key.key, message, entry.signature), "asset.second_person")


def seconded_in_vain(state: State, entry: Entry) -> bool:
    """Code 25: what no second person has to sign has neither unit nor signature."""
    alone = entry.kind in ACTS and not needs_second_person(state, entry)
    return alone and (bool(entry.flags & Flag.SIGNED) or bool(entry.units))


# --- the issuer's acts ----------------------------------------------------------------------


def find_issued(state: State, entry: Entry, scene: Scene) -> Asset:
    """The asset, when the envelope is its issuer's."""
    asset = state.assets[entry.asset]
    refuse_if(asset.issuer == 0 or asset.issuer != scene.institution, "asset.not_issuer")
    return asset


def apply_control_asset(state: State, entry: Entry, scene: Scene) -> int:
    refuse_if(seconded_in_vain(state, entry), "ledger.inconsistent")
    refuse_if(entry.asset not in state.assets, "ledger.unknown_asset")
    asset = find_issued(state, entry, scene)
    control = CONTROL_OF_ACT.get(entry.purpose)
    if control is None or not asset.has(control):
        raise Refusal("asset.no_such_control")
    if control == Control.PAUSE:
        flags = int(AssetFlag.PAUSED) if entry.purpose == ControlAct.PAUSE else 0
        refuse_if(flags == asset.flags, "asset.control_unchanged")
        check_second_person(state, entry, scene)
        state.assets[asset.number] = replace(asset, flags=flags)
        return 0
    balance = find_holding(state, entry)
    flags = flags_after(balance.flags, entry.purpose)
    refuse_if(flags == balance.flags, "asset.control_unchanged")
    check_second_person(state, entry, scene)
    state.balances[balance.account, balance.asset] = replace(balance, flags=flags)
    return 0


def find_holding(state: State, entry: Entry) -> Balance:
    holder = state.account(entry.payer)
    if holder is None:
        raise Refusal("ledger.unknown_payer")
    balance = state.balances.get((holder.settles_at(), entry.asset))
    if balance is None:
        raise Refusal("ledger.asset_not_held")
    return balance


def flags_after(flags: int, act: int) -> int:
    return {
        ControlAct.HOLD_BACK: flags | BalanceFlag.HELD_BACK,
        ControlAct.LET_GO: flags & ~BalanceFlag.HELD_BACK,
        ControlAct.ALLOW: flags | BalanceFlag.ALLOWED,
        ControlAct.DISALLOW: flags & ~BalanceFlag.ALLOWED,
    }[ControlAct(act)]


def check_clawback(state: State, entry: Entry, scene: Scene) -> tuple[Account, Account]:
    """Codes 25 to 134 of a clawback, after what is plain; the holder and who takes."""
    refuse_if(seconded_in_vain(state, entry) or entry.to_asset != 0, "ledger.inconsistent")
    refuse_if(entry.asset not in state.assets, "ledger.unknown_asset")
    refuse_if(entry.amount_minor == 0, "ledger.amount_zero")
    refuse_if(entry.payer == entry.payee, "ledger.same_account")
    holder, taker = state.account(entry.payer), state.account(entry.payee)
    if holder is None:
        raise Refusal("ledger.unknown_payer")
    if taker is None:
        raise Refusal("ledger.unknown_payee")
    refuse_if(holder.settles_at() == taker.settles_at(), "ledger.same_account")
    asset = find_issued(state, entry, scene)
    refuse_if(not asset.has(Control.CLAWBACK), "asset.no_such_control")
    refuse_if(taker.institution != scene.institution, "ledger.not_custodian")
    refuse_if(taker.has(AccountFlag.CLOSED), "ledger.payee_closed")
    refuse_if(taker.has(AccountFlag.FROZEN), "ledger.payee_frozen")
    refuse_if(
        holder.has(AccountFlag.NOSTRO) or taker.has(AccountFlag.NOSTRO), "ledger.nostro_misused"
    )
    check_second_person(state, entry, scene)
    return holder, taker
