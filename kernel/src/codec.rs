//! Bytes: entries, envelopes, sweeps, headers, results and finality, exactly as docs/format.md.
//!
//! Reading is strict and copies nothing: a record is a view of the bytes it was checked in.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in a buffer, not money; overflow checks stay on"
)]

use crate::hash::Hash;
use crate::width::at;

pub type Address = [u8; 20];
pub type Id = [u8; 16];
pub type PublicKey = [u8; 32];
pub type Unit = [u8; 64];
pub type Signature = [u8; 64];

pub const HEAD_BYTES: usize = 256;
pub const INSTRUCTION_BYTES: usize = 192;
pub const ENVELOPE_BYTES: usize = 192;
pub const ENVELOPE_SIGNED_BYTES: usize = 128;
pub const RESULT_BYTES: usize = 32;
pub const HEADER_BYTES: usize = 192;
pub const FINALITY_BYTES: usize = 98;
pub const UNITS_MAX: usize = 16;
/// Bits of `signers` that may be set.
pub const SIGNERS_MAX: usize = 15;
pub const ENVELOPE_ENTRIES_MAX: u32 = 16_384;
pub const SWEEP_ROWS_MAX: usize = 1_024;
pub const AMOUNT_MINOR_MAX: u128 = (1 << 126) - 1;

// Flags of an entry.
pub const PENDING: u16 = 1;
pub const SIGNED: u16 = 2;
pub const LINKED: u16 = 4;
pub const BALANCING_PAYER: u16 = 8;
pub const BALANCING_PAYEE: u16 = 16;
pub const CLOSING_PAYER: u16 = 32;
pub const CLOSING_PAYEE: u16 = 64;
pub const IMPORTED: u16 = 128;
pub const NET: u16 = 256;
const FLAGS: u16 = 511;

const VERSION: u8 = 1;
const KIND_ENVELOPE: u8 = 0;
const KIND_SWEEP: u8 = 1;
const FLAG_DUPLICATE: u16 = 1;
const FINALITY_SEQUENCER: u8 = 1;

/// Bytes that are not a record of the format; never part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError(pub &'static str);

impl std::fmt::Display for DecodeError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.0)
    }
}

impl std::error::Error for DecodeError {}

/// N bytes at AT; that they are there is checked when this is compiled.
#[inline]
pub fn field<const AT: usize, const N: usize, const S: usize>(bytes: &[u8; S]) -> [u8; N] {
    const { assert!(AT + N <= S) };
    bytes.get(AT..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// Writes N bytes at AT; that they fit is checked when this is compiled.
#[inline]
pub fn put<const AT: usize, const N: usize, const S: usize>(bytes: &mut [u8; S], value: [u8; N]) {
    const { assert!(AT + N <= S) };
    if let Some(place) = bytes.get_mut(AT..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value;
    }
}

#[inline]
pub fn u32_at<const AT: usize, const S: usize>(bytes: &[u8; S]) -> u32 {
    u32::from_le_bytes(field::<AT, _, _>(bytes))
}

#[inline]
pub fn u64_at<const AT: usize, const S: usize>(bytes: &[u8; S]) -> u64 {
    u64::from_le_bytes(field::<AT, _, _>(bytes))
}

#[inline]
pub fn u128_at<const AT: usize, const S: usize>(bytes: &[u8; S]) -> u128 {
    u128::from_le_bytes(field::<AT, _, _>(bytes))
}

pub fn zero_at<const AT: usize, const N: usize, const S: usize>(
    bytes: &[u8; S],
) -> Result<(), DecodeError> {
    match field::<AT, N, S>(bytes) == [0; N] {
        true => Ok(()),
        false => Err(DecodeError("bytes without a name are not zero")),
    }
}

fn amount_at<const AT: usize, const S: usize>(bytes: &[u8; S]) -> Result<(), DecodeError> {
    match u128_at::<AT, S>(bytes) <= AMOUNT_MINOR_MAX {
        true => Ok(()),
        false => Err(DecodeError("an amount is above 2^126 - 1")),
    }
}

// --- entries ---------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Payment,
    Post,
    Void,
    Refund,
    Issue,
    Redeem,
    OpenAccount,
    CloseAccount,
    Freeze,
    Unfreeze,
    RegisterAsset,
    RegisterKey,
    RevokeKey,
    SetLimit,
    Escrow,
    Release,
    Cancel,
    Mandate,
    RevokeMandate,
    Pull,
    SetAuthority,
    ProposeRecovery,
    FinishRecovery,
    StopRecovery,
    ControlAsset,
    Clawback,
}

impl Kind {
    fn parse(number: u8) -> Result<Self, DecodeError> {
        match number {
            2 => Ok(Self::Payment),
            3 => Ok(Self::Post),
            4 => Ok(Self::Void),
            5 => Ok(Self::Refund),
            6 => Ok(Self::Issue),
            7 => Ok(Self::Redeem),
            8 => Ok(Self::OpenAccount),
            9 => Ok(Self::CloseAccount),
            10 => Ok(Self::Freeze),
            11 => Ok(Self::Unfreeze),
            12 => Ok(Self::RegisterAsset),
            13 => Ok(Self::RegisterKey),
            14 => Ok(Self::RevokeKey),
            15 => Ok(Self::SetLimit),
            16 => Ok(Self::Escrow),
            17 => Ok(Self::Release),
            18 => Ok(Self::Cancel),
            19 => Ok(Self::Mandate),
            20 => Ok(Self::RevokeMandate),
            21 => Ok(Self::Pull),
            22 => Ok(Self::SetAuthority),
            23 => Ok(Self::ProposeRecovery),
            24 => Ok(Self::FinishRecovery),
            25 => Ok(Self::StopRecovery),
            26 => Ok(Self::ControlAsset),
            27 => Ok(Self::Clawback),
            _ => Err(DecodeError("an entry has an unknown kind")),
        }
    }
}

/// The decision of the institution on an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    None,
    Accept,
    Review,
    Decline,
}

impl Outcome {
    fn parse(number: u8) -> Result<Self, DecodeError> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Accept),
            2 => Ok(Self::Review),
            3 => Ok(Self::Decline),
            _ => Err(DecodeError("an outcome is above 3")),
        }
    }

    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Accept => 1,
            Self::Review => 2,
            Self::Decline => 3,
        }
    }
}

/// A checked view of one entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub kind: Kind,
    pub outcome: Outcome,
    head: &'a [u8; HEAD_BYTES],
    pub units: &'a [Unit],
    /// One for each of `signers`; one alone when none is named.
    pub signatures: &'a [Signature],
}

impl<'a> Entry<'a> {
    pub fn is_pending(&self) -> bool {
        self.has(PENDING)
    }

    /// Whether the entry has one of these flags.
    #[inline]
    pub fn has(&self, flags: u16) -> bool {
        self.flags() & flags != 0
    }

    pub fn instruction(&self) -> &'a [u8; INSTRUCTION_BYTES] {
        self.head.first_chunk().unwrap_or(&[0; INSTRUCTION_BYTES])
    }

    pub fn flags(&self) -> u16 {
        u16::from_le_bytes(field::<2, _, _>(self.head))
    }

    pub fn kind_number(&self) -> u8 {
        let [number] = field::<1, 1, _>(self.head);
        number
    }

    pub fn asset(&self) -> u32 {
        u32_at::<4, _>(self.head)
    }

    pub fn to_asset(&self) -> u32 {
        u32_at::<8, _>(self.head)
    }

    /// What the payee is paid in.
    pub fn payee_asset(&self) -> u32 {
        if self.to_asset() == 0 { self.asset() } else { self.to_asset() }
    }

    /// What the payee is paid.
    pub fn payee_amount_minor(&self) -> u128 {
        if self.to_asset() == 0 { self.amount_minor() } else { self.to_amount_minor() }
    }

    pub fn purpose(&self) -> u32 {
        u32_at::<12, _>(self.head)
    }

    pub fn id(&self) -> Id {
        field::<16, _, _>(self.head)
    }

    pub fn target(&self) -> Id {
        field::<32, _, _>(self.head)
    }

    pub fn amount_minor(&self) -> u128 {
        u128_at::<48, _>(self.head)
    }

    pub fn to_amount_minor(&self) -> u128 {
        u128_at::<64, _>(self.head)
    }

    pub fn bound_minor(&self) -> u128 {
        u128_at::<80, _>(self.head)
    }

    /// In place of two amounts: what an escrow is opened under, and a release may name.
    pub fn terms_hash(&self) -> Hash {
        field::<64, _, _>(self.head)
    }

    pub fn payer(&self) -> Address {
        field::<96, _, _>(self.head)
    }

    pub fn payee(&self) -> Address {
        field::<116, _, _>(self.head)
    }

    pub fn created_ns(&self) -> u64 {
        u64_at::<136, _>(self.head)
    }

    pub fn valid_until_ns(&self) -> u64 {
        u64_at::<144, _>(self.head)
    }

    pub fn expires_ns(&self) -> u64 {
        u64_at::<152, _>(self.head)
    }

    /// Which members of a policy signed, by their places in it.
    pub fn signers(&self) -> u16 {
        u16::from_le_bytes(field::<194, _, _>(self.head))
    }

    /// That of an owner with one key.
    pub fn signature(&self) -> Option<&'a Signature> {
        // Most entries have none, and their heads need not be looked at again.
        let first = self.signatures.first()?;
        (self.signers() == 0).then_some(first)
    }

    /// The one unit of the kinds that have exactly one, and the first of `open_account`.
    pub fn unit(&self) -> &'a Unit {
        self.units.first().unwrap_or(&[0; 64])
    }

    /// What is signed with the instruction, because nothing in it commits to these units, and they
    /// are the owner's will: not the institution's legs, witnesses or second persons.
    pub fn signed_units(&self) -> &'a [Unit] {
        match self.kind {
            Kind::Mandate | Kind::SetAuthority | Kind::ProposeRecovery => self.units,
            Kind::Payment
            | Kind::Post
            | Kind::Void
            | Kind::Refund
            | Kind::Issue
            | Kind::Redeem
            | Kind::OpenAccount
            | Kind::CloseAccount
            | Kind::Freeze
            | Kind::Unfreeze
            | Kind::RegisterAsset
            | Kind::RegisterKey
            | Kind::RevokeKey
            | Kind::SetLimit
            | Kind::Escrow
            | Kind::Release
            | Kind::Cancel
            | Kind::RevokeMandate
            | Kind::Pull
            | Kind::FinishRecovery
            | Kind::StopRecovery
            | Kind::ControlAsset
            | Kind::Clawback => &[],
        }
    }
}

/// Reads the entry at the start of `bytes`; returns it with the bytes after it.
pub fn read_entry(bytes: &[u8]) -> Result<(Entry<'_>, &[u8]), DecodeError> {
    let (head, rest) = bytes.split_first_chunk().ok_or(DecodeError("an entry is cut short"))?;
    let [version, kind] = field::<0, _, _>(head);
    let [outcome, unit_count] = field::<192, _, _>(head);
    if version != VERSION {
        return Err(DecodeError("an entry has another version"));
    }
    let kind = Kind::parse(kind)?;
    let outcome = Outcome::parse(outcome)?;
    check_head(kind, head)?;
    let (units, rest) = split_units(rest, usize::from(unit_count))?;
    check_units(kind, units)?;
    let mut entry = Entry { kind, outcome, head, units, signatures: &[] };
    if !entry.has(SIGNED) {
        return Ok((entry, rest));
    }
    let (signatures, rest) = rest
        .split_at_checked(signatures_of(head) * 64)
        .ok_or(DecodeError("an entry's signatures are cut short"))?;
    entry.signatures = signatures.as_chunks().0;
    Ok((entry, rest))
}

fn check_head(kind: Kind, head: &[u8; HEAD_BYTES]) -> Result<(), DecodeError> {
    let flags = u16::from_le_bytes(field::<2, _, _>(head));
    if flags & !FLAGS != 0 {
        return Err(DecodeError("an entry has unknown flags"));
    }
    amount_at::<48, _>(head)?;
    // Escrows and releases have a hash where others have two amounts.
    if !matches!(kind, Kind::Escrow | Kind::Release) {
        amount_at::<64, _>(head)?;
        amount_at::<80, _>(head)?;
    }
    if flags & SIGNED == 0 {
        return zero_at::<194, 30, _>(head);
    }
    match u16::from_le_bytes(field::<194, _, _>(head)) >> SIGNERS_MAX {
        0 => zero_at::<196, 28, _>(head),
        _ => Err(DecodeError("a signer is beyond the 15 of a policy")),
    }
}

/// How many signatures follow the units: one for each signer; one alone when none is named.
pub fn signatures_of(head: &[u8; HEAD_BYTES]) -> usize {
    match field::<2, 1, _>(head) {
        [flags] if u16::from(flags) & SIGNED != 0 => {
            let signers = u16::from_le_bytes(field::<194, _, _>(head));
            at(signers.count_ones()).max(1)
        }
        _ => 0,
    }
}

fn split_units(bytes: &[u8], count: usize) -> Result<(&[Unit], &[u8]), DecodeError> {
    if count > UNITS_MAX {
        return Err(DecodeError("an entry has more than 16 units"));
    }
    let (units, rest) =
        bytes.split_at_checked(count * 64).ok_or(DecodeError("an entry's units are cut short"))?;
    Ok((units.as_chunks().0, rest))
}

fn check_units(kind: Kind, units: &[Unit]) -> Result<(), DecodeError> {
    match (kind, units) {
        (Kind::Payment | Kind::Post | Kind::Refund | Kind::Issue | Kind::Redeem, legs) => {
            legs.iter().try_for_each(|leg| Leg::read(leg).map(|_| ()))
        }
        (Kind::Void | Kind::CloseAccount | Kind::Freeze | Kind::Unfreeze, []) => Ok(()),
        (Kind::Cancel | Kind::RevokeMandate | Kind::Pull, []) => Ok(()),
        (Kind::FinishRecovery | Kind::StopRecovery, []) => Ok(()),
        // What a policy says is for the rules: 120.
        (Kind::SetAuthority, [_, ..]) => Ok(()),
        (Kind::Mandate, [unit]) => zero_at::<24, 40, _>(unit),
        // What the terms say is for the rules: 80.
        (Kind::Escrow, [_, ..]) => Ok(()),
        (Kind::Release, witnesses) => crate::terms::witness::check(witnesses),
        (Kind::OpenAccount, [_] | [_, _] | [_, _, _] | [_, _, _, _]) => Ok(()),
        (Kind::RegisterAsset, [unit]) => {
            zero_at::<17, 3, _>(unit).and_then(|()| zero_at::<28, 36, _>(unit))
        }
        (Kind::RegisterKey, [unit]) => zero_at::<48, 16, _>(unit),
        (Kind::ControlAsset | Kind::Clawback, []) => Ok(()),
        (Kind::RevokeKey | Kind::SetLimit | Kind::ControlAsset | Kind::Clawback, [unit]) => {
            zero_at::<32, 32, _>(unit)
        }
        (Kind::ProposeRecovery, [unit]) => zero_at::<32, 32, _>(unit),
        (
            Kind::Void
            | Kind::CloseAccount
            | Kind::Freeze
            | Kind::Unfreeze
            | Kind::OpenAccount
            | Kind::RegisterAsset
            | Kind::RegisterKey
            | Kind::RevokeKey
            | Kind::SetLimit
            | Kind::ControlAsset
            | Kind::Clawback
            | Kind::Escrow
            | Kind::Cancel
            | Kind::Mandate
            | Kind::RevokeMandate
            | Kind::Pull
            | Kind::SetAuthority
            | Kind::ProposeRecovery
            | Kind::FinishRecovery
            | Kind::StopRecovery,
            _,
        ) => Err(DecodeError("an entry's number of units is not of its kind")),
    }
}

// --- legs ------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Principal,
    Fee,
    Exchange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    pub from: Address,
    pub to: Address,
    pub asset: u32,
    pub role: Role,
    pub amount_minor: u128,
}

impl Leg {
    #[inline]
    pub fn read(unit: &Unit) -> Result<Self, DecodeError> {
        let [role, zeros @ ..] = field::<44, 4, _>(unit);
        let role = match role {
            0 => Role::Principal,
            1 => Role::Fee,
            2 => Role::Exchange,
            _ => return Err(DecodeError("a leg has an unknown role")),
        };
        if zeros != [0; 3] {
            return Err(DecodeError("bytes without a name are not zero"));
        }
        amount_at::<48, _>(unit)?;
        Ok(Self {
            from: field::<0, _, _>(unit),
            to: field::<20, _, _>(unit),
            asset: u32_at::<40, _>(unit),
            role,
            amount_minor: u128_at::<48, _>(unit),
        })
    }

    pub fn write(&self) -> Unit {
        let mut unit = [0; 64];
        let role = match self.role {
            Role::Principal => 0,
            Role::Fee => 1,
            Role::Exchange => 2,
        };
        put::<0, _, _>(&mut unit, self.from);
        put::<20, _, _>(&mut unit, self.to);
        put::<40, _, _>(&mut unit, self.asset.to_le_bytes());
        put::<44, _, _>(&mut unit, [role]);
        put::<48, _, _>(&mut unit, self.amount_minor.to_le_bytes());
        unit
    }
}

/// The legs in units that were checked by `read_entry`.
pub fn legs(units: &[Unit]) -> impl Iterator<Item = Leg> {
    units.iter().filter_map(|unit| Leg::read(unit).ok())
}

// --- envelopes -------------------------------------------------------------------------------

/// A checked view of the 192 bytes of an envelope.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    head: &'a [u8; ENVELOPE_BYTES],
}

impl<'a> Envelope<'a> {
    /// Reads the envelope at the start of `bytes`; returns it with the bytes after it.
    pub fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (head, rest) =
            bytes.split_first_chunk().ok_or(DecodeError("an envelope is cut short"))?;
        if field::<0, _, _>(head) != [VERSION, KIND_ENVELOPE] {
            return Err(DecodeError("an envelope has another version or kind"));
        }
        zero_at::<2, 2, _>(head)?;
        zero_at::<12, 4, _>(head)?;
        let envelope = Self { head };
        match envelope.count() {
            1..=ENVELOPE_ENTRIES_MAX => Ok((envelope, rest)),
            _ => Err(DecodeError("an envelope has no or more than 16,384 entries")),
        }
    }

    pub fn bytes(&self) -> &'a [u8] {
        self.head
    }

    /// What the institution signs.
    pub fn signed_bytes(&self) -> &'a [u8; ENVELOPE_SIGNED_BYTES] {
        self.head.first_chunk().unwrap_or(&[0; ENVELOPE_SIGNED_BYTES])
    }

    pub fn count(&self) -> u32 {
        u32_at::<4, _>(self.head)
    }

    pub fn institution(&self) -> u32 {
        u32_at::<8, _>(self.head)
    }

    pub fn sequence(&self) -> u64 {
        u64_at::<16, _>(self.head)
    }

    pub fn valid_until_ns(&self) -> u64 {
        u64_at::<24, _>(self.head)
    }

    pub fn chain_id(&self) -> Hash {
        field::<32, _, _>(self.head)
    }

    pub fn key(&self) -> PublicKey {
        field::<64, _, _>(self.head)
    }

    pub fn digest(&self) -> Hash {
        field::<96, _, _>(self.head)
    }

    pub fn signature(&self) -> Signature {
        field::<128, _, _>(self.head)
    }
}

/// What an institution writes on its envelope; the signature is added by `seal`.
pub struct EnvelopeHead {
    pub count: u32,
    pub institution: u32,
    pub sequence: u64,
    pub valid_until_ns: u64,
    pub chain_id: Hash,
    pub key: PublicKey,
    pub digest: Hash,
}

impl EnvelopeHead {
    pub fn write(&self) -> [u8; ENVELOPE_SIGNED_BYTES] {
        let mut head = [0; ENVELOPE_SIGNED_BYTES];
        put::<0, _, _>(&mut head, [VERSION, KIND_ENVELOPE]);
        put::<4, _, _>(&mut head, self.count.to_le_bytes());
        put::<8, _, _>(&mut head, self.institution.to_le_bytes());
        put::<16, _, _>(&mut head, self.sequence.to_le_bytes());
        put::<24, _, _>(&mut head, self.valid_until_ns.to_le_bytes());
        put::<32, _, _>(&mut head, self.chain_id);
        put::<64, _, _>(&mut head, self.key);
        put::<96, _, _>(&mut head, self.digest);
        head
    }
}

// --- sweep -----------------------------------------------------------------------------------

/// What became of a row whose time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    HoldReleased,
    EscrowReturned,
    EscrowPaid,
    MandateEnded,
}

/// One row of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub institution: u32,
    pub end: End,
    pub id: Id,
}

impl Ended {
    fn write(&self) -> [u8; 32] {
        let mut row = [0; 32];
        let end = match self.end {
            End::HoldReleased => 0,
            End::EscrowReturned => 1,
            End::EscrowPaid => 2,
            End::MandateEnded => 3,
        };
        put::<0, _, _>(&mut row, self.institution.to_le_bytes());
        put::<4, _, _>(&mut row, [end]);
        put::<16, _, _>(&mut row, self.id);
        row
    }
}

/// The bytes of a sweep that ended these rows.
pub fn write_sweep(ended: &[Ended]) -> Vec<u8> {
    let mut head = [0; 32];
    put::<0, _, _>(&mut head, [VERSION, KIND_SWEEP]);
    put::<4, _, _>(&mut head, crate::width::row(ended.len()).to_le_bytes());
    let mut bytes = head.to_vec();
    ended.iter().for_each(|row| bytes.extend(row.write()));
    bytes
}

/// The length of the sweep at the start of `bytes`, 0 when something else stands there.
pub fn sweep_bytes(bytes: &[u8]) -> Result<usize, DecodeError> {
    let Some(head) = bytes.first_chunk::<32>() else { return Ok(0) };
    if field::<0, _, _>(head) != [VERSION, KIND_SWEEP] {
        return Ok(0);
    }
    zero_at::<2, 2, _>(head)?;
    zero_at::<8, 24, _>(head)?;
    let count = at(u32_at::<4, _>(head));
    if count == 0 || count > SWEEP_ROWS_MAX {
        return Err(DecodeError("a sweep ends no or more than 1,024 rows"));
    }
    let length = 32 + 32 * count;
    let rows = bytes.get(32..length).ok_or(DecodeError("a sweep is cut short"))?;
    rows.as_chunks::<32>().0.iter().try_for_each(check_ended)?;
    Ok(length)
}

fn check_ended(row: &[u8; 32]) -> Result<(), DecodeError> {
    match field::<4, 1, _>(row) {
        [0..=3] => zero_at::<5, 11, _>(row),
        _ => Err(DecodeError("a sweep ends a row in an unknown way")),
    }
}

// --- results, headers, finality --------------------------------------------------------------

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryResult {
    pub kind: u8,
    pub code: u16,
    pub duplicate_of_height: Option<u64>,
    pub amount_minor: u128,
}

impl EntryResult {
    pub fn envelope(code: u16) -> Self {
        Self { kind: KIND_ENVELOPE, code, ..Self::default() }
    }

    pub fn sweep(ended: u128) -> Self {
        Self { kind: KIND_SWEEP, amount_minor: ended, ..Self::default() }
    }

    /// The code in a result's bytes.
    pub fn code_of(bytes: &[u8; RESULT_BYTES]) -> u16 {
        u16::from_le_bytes(field::<2, _, _>(bytes))
    }

    #[inline]
    pub fn write(&self) -> [u8; RESULT_BYTES] {
        let mut bytes = [0; RESULT_BYTES];
        put::<0, _, _>(&mut bytes, [VERSION, self.kind]);
        put::<2, _, _>(&mut bytes, self.code.to_le_bytes());
        if let Some(height) = self.duplicate_of_height {
            put::<4, _, _>(&mut bytes, FLAG_DUPLICATE.to_le_bytes());
            put::<8, _, _>(&mut bytes, height.to_le_bytes());
        }
        put::<16, _, _>(&mut bytes, self.amount_minor.to_le_bytes());
        bytes
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub count: u32,
    pub height: u64,
    pub time_ns: u64,
    pub chain_id: Hash,
    pub previous: Hash,
    pub transactions_root: Hash,
    pub results_root: Hash,
    pub state_root: Hash,
}

impl Header {
    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        put::<0, _, _>(&mut bytes, u32::from(VERSION).to_le_bytes());
        put::<4, _, _>(&mut bytes, self.count.to_le_bytes());
        put::<8, _, _>(&mut bytes, self.height.to_le_bytes());
        put::<16, _, _>(&mut bytes, self.time_ns.to_le_bytes());
        put::<32, _, _>(&mut bytes, self.chain_id);
        put::<64, _, _>(&mut bytes, self.previous);
        put::<96, _, _>(&mut bytes, self.transactions_root);
        put::<128, _, _>(&mut bytes, self.results_root);
        put::<160, _, _>(&mut bytes, self.state_root);
        bytes
    }

    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, DecodeError> {
        if u32_at::<0, _>(bytes) != u32::from(VERSION) {
            return Err(DecodeError("a header has another version"));
        }
        zero_at::<24, 8, _>(bytes)?;
        Ok(Self {
            count: u32_at::<4, _>(bytes),
            height: u64_at::<8, _>(bytes),
            time_ns: u64_at::<16, _>(bytes),
            chain_id: field::<32, _, _>(bytes),
            previous: field::<64, _, _>(bytes),
            transactions_root: field::<96, _, _>(bytes),
            results_root: field::<128, _, _>(bytes),
            state_root: field::<160, _, _>(bytes),
        })
    }
}

/// The sequencer's signature over the hash of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finality {
    pub key: PublicKey,
    pub signature: Signature,
}

impl Finality {
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes: &[u8; FINALITY_BYTES] =
            bytes.try_into().map_err(|_| DecodeError("finality is not 98 bytes"))?;
        if field::<0, _, _>(bytes) != [VERSION, FINALITY_SEQUENCER] {
            return Err(DecodeError("finality has another version or kind"));
        }
        Ok(Self { key: field::<2, _, _>(bytes), signature: field::<34, _, _>(bytes) })
    }

    pub fn write(&self) -> [u8; FINALITY_BYTES] {
        let mut bytes = [0; FINALITY_BYTES];
        put::<0, _, _>(&mut bytes, [VERSION, FINALITY_SEQUENCER]);
        put::<2, _, _>(&mut bytes, self.key);
        put::<34, _, _>(&mut bytes, self.signature);
        bytes
    }
}

#[cfg(test)]
mod tests;
