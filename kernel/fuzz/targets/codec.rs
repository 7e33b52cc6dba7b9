//! Any bytes are refused, or are exactly the bytes that what was read is written as.

use _native::block::{Block, Records};
use _native::codec::{
    self, End, Ended, Entry, Envelope, EnvelopeHead, Finality, Header, Kind, put, read_entry,
};

pub fn run(data: &[u8]) {
    if let Ok((entry, rest)) = read_entry(data) {
        let read = &data[..data.len() - rest.len()];
        assert_eq!(entry_bytes(&entry, read), read);
    }
    if let Ok((envelope, rest)) = Envelope::read(data) {
        let read = &data[..data.len() - rest.len()];
        assert_eq!([&envelope_head(&envelope)[..], &envelope.signature()].concat(), read);
    }
    if let Ok(length @ 1..) = codec::sweep_bytes(data) {
        assert_eq!(codec::write_sweep(&ended(&data[..length])), &data[..length]);
    }
    if let Some(bytes) = data.first_chunk()
        && let Ok(header) = Header::read(bytes)
    {
        assert_eq!(header.write(), *bytes);
    }
    if let Ok(finality) = Finality::read(data) {
        assert_eq!(finality.write(), data);
    }
    for height in [0, 1] {
        if let Ok(records) = Records::read(data, height) {
            assert_eq!(records.all.concat(), data);
        }
    }
    if let Ok(block) = Block::decode_payload(data) {
        assert_eq!(block.with_payload(|parts| parts.concat()), data);
    }
}

/// The entry from what its reader says of it; the commitment, which the kernel only keeps, from
/// `read`. Bytes without a name are left zero.
fn entry_bytes(entry: &Entry<'_>, read: &[u8]) -> Vec<u8> {
    let mut head = [0; codec::HEAD_BYTES];
    put::<0, _, _>(&mut head, [1, entry.kind_number()]);
    put::<2, _, _>(&mut head, entry.flags().to_le_bytes());
    put::<4, _, _>(&mut head, entry.asset().to_le_bytes());
    put::<8, _, _>(&mut head, entry.to_asset().to_le_bytes());
    put::<12, _, _>(&mut head, entry.purpose().to_le_bytes());
    put::<16, _, _>(&mut head, entry.id());
    put::<32, _, _>(&mut head, entry.target());
    put::<48, _, _>(&mut head, entry.amount_minor().to_le_bytes());
    if matches!(entry.kind, Kind::Escrow | Kind::Release) {
        put::<64, _, _>(&mut head, entry.terms_hash());
    } else {
        put::<64, _, _>(&mut head, entry.to_amount_minor().to_le_bytes());
        put::<80, _, _>(&mut head, entry.bound_minor().to_le_bytes());
    }
    put::<96, _, _>(&mut head, entry.payer());
    put::<116, _, _>(&mut head, entry.payee());
    put::<136, _, _>(&mut head, entry.created_ns().to_le_bytes());
    put::<144, _, _>(&mut head, entry.valid_until_ns().to_le_bytes());
    put::<152, _, _>(&mut head, entry.expires_ns().to_le_bytes());
    head[160..192].copy_from_slice(&entry.instruction()[160..192]);
    put::<192, _, _>(&mut head, [entry.outcome.number(), entry.units.len() as u8]);
    put::<194, _, _>(&mut head, entry.signers().to_le_bytes());
    head[224..].copy_from_slice(&read[224..256]);
    let units: Vec<[u8; 64]> = match entry.kind {
        Kind::Payment | Kind::Post | Kind::Refund => {
            codec::legs(entry.units).map(|leg| leg.write()).collect()
        }
        _ => entry.units.to_vec(),
    };
    assert!(entry.units.len() <= codec::UNITS_MAX);
    [&head, units.as_flattened(), entry.signatures.as_flattened()].concat()
}

fn envelope_head(envelope: &Envelope<'_>) -> [u8; codec::ENVELOPE_SIGNED_BYTES] {
    EnvelopeHead {
        count: envelope.count(),
        institution: envelope.institution(),
        sequence: envelope.sequence(),
        valid_until_ns: envelope.valid_until_ns(),
        chain_id: envelope.chain_id(),
        key: envelope.key(),
        digest: envelope.digest(),
    }
    .write()
}

fn ended(sweep: &[u8]) -> Vec<Ended> {
    let rows = sweep.as_chunks::<32>().0.iter().skip(1);
    rows.map(|row| Ended {
        institution: codec::u32_at::<0, _>(row),
        end: match row[4] {
            0 => End::HoldReleased,
            1 => End::EscrowReturned,
            2 => End::EscrowPaid,
            _ => End::MandateEnded,
        },
        id: codec::field::<16, _, _>(row),
    })
    .collect()
}
