//! The ledger: one state, one chain of blocks. While a block is written, the next may be staged on
//! top of it; nobody is told of either before it is durable, and a block that cannot be written takes
//! the one on top of it away.

mod imaging;

use std::collections::BTreeMap;

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use crate::apply::{
    Checked, Parties, Scope, Signer, apply_chain, apply_entry, apply_genesis, check_envelope,
    find_due, member_signatures, owner_signature, payment_digest, sweep, witness_signatures,
};
use crate::block::{Block, Body, Records, hash_results};
use crate::codec::{
    DecodeError, Ended, Entry, EntryResult, Envelope, Finality, Header, Kind, LINKED, NET,
    PublicKey, RESULT_BYTES, write_sweep,
};
use crate::hash::{Domain, Hash, ZERO};
use crate::history::{Fault, History};
use crate::index::address_hash;
use crate::key::SEQUENCE;
use crate::pool::{Pool, Pooled};
use crate::rejection::Rejection;
use crate::signature::{self, Signed, Verdict};
use crate::state::{Checkpoint, State};
use crate::tree;
use crate::width::{at, count, row};
use crate::window::Segment;

/// The phases of a stage, for the caller's clock: the core has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Signatures,
    Apply,
    Roots,
}

#[derive(Debug)]
pub enum StageError {
    Decode(DecodeError),
    TimeNotGrowing,
    AlreadyStaged,
    Stopped,
}

#[derive(Debug)]
pub enum CreateError {
    Decode(DecodeError),
    Refused {
        index: usize,
        rejection: Rejection,
    },
    /// Genesis has entries of kinds 8, 12, 13 and 15 only.
    KindNotOfGenesis {
        index: usize,
    },
    History(Fault),
}

#[derive(Debug)]
pub enum CommitError {
    NothingStaged,
    Decode(DecodeError),
    /// The key may not sign this block, or did not.
    BadFinality,
    /// The block before is still being written.
    AlreadyWriting,
    Stopped,
    History(Fault),
}

/// The last committed block.
#[derive(Clone, Copy, Debug)]
pub struct Tip {
    pub height: u64,
    pub time_ns: u64,
    pub hash: Hash,
    pub state_root: Hash,
}

impl Tip {
    fn of(block: &Block) -> Self {
        let Header { height, time_ns, state_root, .. } = block.header;
        Self { height, time_ns, hash: block.hash, state_root }
    }
}

pub struct Ledger {
    pub state: State,
    pub chain_id: Hash,
    pub tip: Tip,
    /// Handed over to be written, with the state before it.
    writing: Option<(Block, Checkpoint)>,
    staged: Option<(Block, Checkpoint)>,
    pub history: History,
    /// A block could not be written: what is on the disk is not known until it is opened again.
    is_stopped: bool,
    imaging: imaging::Imaging,
    scratch: Scratch,
}

/// Working memory of a stage, kept from block to block.
#[derive(Default)]
struct Scratch {
    result_leaves: Vec<Hash>,
    entries_pool: Pool,
    results_pool: Pool,
}

impl Ledger {
    // --- creation ------------------------------------------------------------------------------

    /// A new chain, whose block 0 is added to `history`.
    pub fn create(time_ns: u64, genesis: &[u8], history: History) -> Result<Self, CreateError> {
        let (state, block) = apply_block_zero(time_ns, genesis)?;
        let mut ledger = Self::at(state, &block, history);
        ledger.history.append(&block).map_err(CreateError::History)?;
        Ok(ledger)
    }

    /// A ledger whose state is that after `block`.
    pub fn at(state: State, block: &Block, history: History) -> Self {
        let (chain_id, tip) = (block.header.chain_id, Tip::of(block));
        let scratch = Scratch::default();
        Self {
            state,
            chain_id,
            tip,
            writing: None,
            staged: None,
            history,
            is_stopped: false,
            imaging: imaging::Imaging::default(),
            scratch,
        }
    }

    // --- one block -----------------------------------------------------------------------------

    pub fn staged(&self) -> Option<&Block> {
        self.staged.as_ref().map(|(block, _)| block)
    }

    /// Applies one block in memory. `mark` is called at the end of each stretch of a phase.
    pub fn stage(
        &mut self,
        time_ns: u64,
        envelopes: &[&[u8]],
        mark: &mut dyn FnMut(Phase),
    ) -> Result<Block, StageError> {
        let joined = self.join(time_ns, envelopes)?;
        let prepared = self.prepare(&joined, envelopes, mark)?;
        let applied = self.apply(&joined, prepared, mark)?;
        Ok(self.put(joined, applied))
    }

    // The four steps of `stage`. The first two only read, so that other readers need not wait
    // for signatures; between the first and the last nothing may change the ledger but the end of
    // the write of the block below.

    pub fn join(&self, time_ns: u64, envelopes: &[&[u8]]) -> Result<Joined, StageError> {
        self.check_may_stage(time_ns)?;
        let due = find_due(&self.state, time_ns);
        let mut bytes = self.scratch.entries_pool.take();
        join_records(&due, envelopes, &mut bytes).map_err(StageError::Decode)?;
        Ok(Joined { scope: self.scope(time_ns), due, bytes })
    }

    pub fn prepare<'a>(
        &self,
        joined: &'a Joined,
        envelopes: &[&[u8]],
        mark: &mut dyn FnMut(Phase),
    ) -> Result<Prepared<'a>, StageError> {
        let Joined { scope, due, bytes } = joined;
        let (mut instructions, mut leaves) = (Vec::new(), Vec::new());
        let records = read_records(bytes, scope, due, envelopes)?;
        records.hash_instructions(&mut instructions);
        mark(Phase::Apply);
        records.hash_leaves(&mut leaves);
        mark(Phase::Roots);
        let signatures = Signatures::check(&self.state, scope, &records, &instructions, None);
        mark(Phase::Signatures);
        let parties = look_ahead(&self.state, &records);
        mark(Phase::Apply);
        Ok(Prepared { records, instructions, leaves, signatures, parties })
    }

    /// For a rehearsal alone: whoever an entry says has signed it, as the account's owner, has. What
    /// witnesses signed is still looked at.
    pub fn presume_signed(&self, joined: &Joined, prepared: &mut Prepared<'_>) {
        let Prepared { records, instructions, signatures, .. } = prepared;
        signatures.authorised.iter_mut().flatten().for_each(|(_, is_valid)| *is_valid = true);
        for (at, verdicts) in &mut signatures.verdicts {
            let entry = records.entries.get(*at).zip(instructions.get(*at));
            let members = entry.map_or_else(Vec::new, |(entry, instruction)| {
                member_signatures(&self.state, &joined.scope, entry, instruction)
            });
            // They come after those of the witnesses.
            let of_members = verdicts.iter_mut().rev().take(members.len());
            of_members.for_each(|verdict| verdict.is_valid = true);
        }
    }

    pub fn apply(
        &mut self,
        joined: &Joined,
        prepared: Prepared<'_>,
        mark: &mut dyn FnMut(Phase),
    ) -> Result<Applied, StageError> {
        self.check_may_stage(joined.scope.now_ns)?;
        Ok(self.apply_prepared(&joined.scope, &joined.due, prepared, mark))
    }

    fn apply_prepared(
        &mut self,
        scope: &Scope,
        due: &[Ended],
        mut prepared: Prepared<'_>,
        mark: &mut dyn FnMut(Phase),
    ) -> Applied {
        let checkpoint = self.state.checkpoint();
        let mut results = self.scratch.results_pool.take();
        apply_block(&mut self.state, scope, due, &prepared, &mut results);
        mark(Phase::Apply);
        let header = self.seal(scope, &mut prepared.leaves, &results);
        mark(Phase::Roots);
        Applied { header, results, checkpoint }
    }

    pub fn put(&mut self, joined: Joined, applied: Applied) -> Block {
        let Applied { header, results, checkpoint } = applied;
        let block = Block::new(header, Body { entries: joined.bytes, results });
        self.staged = Some((block.clone(), checkpoint));
        block
    }

    fn check_may_stage(&self, time_ns: u64) -> Result<(), StageError> {
        if self.is_stopped {
            Err(StageError::Stopped)
        } else if self.staged.is_some() {
            Err(StageError::AlreadyStaged)
        } else if time_ns <= self.parent().time_ns {
            Err(StageError::TimeNotGrowing)
        } else {
            Ok(())
        }
    }

    /// The block that the next one is staged on.
    pub fn parent(&self) -> Tip {
        self.writing.as_ref().map_or(self.tip, |(block, _)| Tip::of(block))
    }

    /// The block whose state readers see: the staged one, while there is one.
    pub fn seen(&self) -> Tip {
        self.staged.as_ref().map_or_else(|| self.parent(), |(block, _)| Tip::of(block))
    }

    fn scope(&self, now_ns: u64) -> Scope {
        let height =
            self.parent().height.checked_add(1).expect("invariant: heights do not run out");
        Scope { chain_id: self.chain_id, height, now_ns }
    }

    fn seal(&mut self, scope: &Scope, leaves: &mut Vec<Hash>, results: &[u8]) -> Header {
        let Scratch { result_leaves, .. } = &mut self.scratch;
        let count = row(leaves.len());
        hash_results(results, result_leaves);
        let transactions_root = tree::root_within(leaves);
        let results_root = tree::root_within(result_leaves);
        close_segment(&mut self.state, scope, transactions_root, results_root);
        Header {
            count,
            height: scope.height,
            time_ns: scope.now_ns,
            chain_id: scope.chain_id,
            previous: self.parent().hash,
            transactions_root,
            results_root,
            state_root: self.state.root(),
        }
    }

    /// Makes the staged block part of the chain, on the disk first.
    pub fn commit(&mut self, finality: &[u8]) -> Result<(), CommitError> {
        self.hand_over(finality)?;
        self.write()
    }

    // The two steps of `commit`. Between them, and during the second, another block may be staged.

    /// The staged block is final and waits to be written.
    pub fn hand_over(&mut self, finality: &[u8]) -> Result<(), CommitError> {
        if self.is_stopped {
            return Err(CommitError::Stopped);
        }
        let (block, _) = self.staged.as_ref().ok_or(CommitError::NothingStaged)?;
        self.check_finality(block, finality)?;
        if self.writing.is_some() {
            return Err(CommitError::AlreadyWriting);
        }
        self.state.hand_over();
        self.writing = self.staged.take().map(|(block, checkpoint)| {
            (Block { finality: finality.to_vec(), ..block }, checkpoint)
        });
        self.make_image_if_wanted();
        Ok(())
    }

    /// Makes the block that was handed over durable.
    pub fn write(&mut self) -> Result<(), CommitError> {
        let (block, mut history) = self.begin_write()?;
        let written = history.append(&block);
        self.end_write(history, written)
    }

    // The two halves of `write`. Between them the history is the caller's, who writes to it while
    // the ledger goes on.

    pub fn begin_write(&mut self) -> Result<(Block, History), CommitError> {
        let (block, _) = self.writing.as_ref().ok_or(CommitError::NothingStaged)?;
        Ok((block.clone(), std::mem::replace(&mut self.history, History::Closed)))
    }

    /// A block that could not be written is staged again: it may be discarded, or committed when
    /// there is room. What was staged on top of it is gone.
    pub fn end_write(
        &mut self,
        history: History,
        written: Result<(), Fault>,
    ) -> Result<(), CommitError> {
        self.history = history;
        let (block, checkpoint) = self.writing.take().ok_or(CommitError::NothingStaged)?;
        if let Err(fault) = written {
            self.is_stopped = !matches!(fault, Fault::Full(_));
            self.end_image_of(block.header.height);
            self.take_staged_back();
            self.state.hand_back();
            self.staged = Some((Block { finality: Vec::new(), ..block }, checkpoint));
            return Err(CommitError::History(fault));
        }
        self.keep(&block);
        Ok(())
    }

    fn check_finality(&self, block: &Block, finality: &[u8]) -> Result<(), CommitError> {
        let Finality { key, signature } = self.check_sequencer(block, finality)?;
        if signature::verify(&key, &block.hash, &signature) {
            Ok(())
        } else {
            Err(CommitError::BadFinality)
        }
    }

    /// Whether the key may sign the block; that it did is not looked at. A key that is revoked in a
    /// block may still sign it, as its envelope is still applied whole.
    fn check_sequencer(&self, block: &Block, finality: &[u8]) -> Result<Finality, CommitError> {
        let finality = Finality::read(finality).map_err(CommitError::Decode)?;
        let height = block.header.height;
        let may_sign = self.state.keys.find(&finality.key).is_some_and(|number| {
            let key = self.state.keys.table.row(number);
            key.purposes & SEQUENCE != 0
                && key.activation_height <= height
                && (key.revoked_height == 0 || key.revoked_height == height)
        });
        if may_sign { Ok(finality) } else { Err(CommitError::BadFinality) }
    }

    fn keep(&mut self, block: &Block) {
        self.state.keep();
        self.tip = Tip::of(block);
    }

    pub fn discard(&mut self) -> bool {
        let is_staged = self.take_staged_back();
        self.make_image_if_wanted();
        is_staged
    }

    fn take_staged_back(&mut self) -> bool {
        let staged = self.staged.take();
        if let Some((_, checkpoint)) = &staged {
            self.state.rollback(*checkpoint);
        }
        staged.is_some()
    }

    // --- replay --------------------------------------------------------------------------------

    /// Applies a block that was committed before, and says what differs from what was recorded.
    /// The history is not written.
    ///
    /// A block that its finality signs was once made by a node that verified every signature in it,
    /// and `Trust::Finality` takes its word for that: the recorded results say which were valid, and
    /// what follows is computed again and compared. Whatever differs is looked at without trust.
    pub fn replay(&mut self, recorded: &Recorded, trust: Trust) -> Result<(), String> {
        let is_final = || self.check_finality(&recorded.block, &recorded.block.finality).is_ok();
        if trust == Trust::Finality && is_final() && self.replay_with(recorded, trust).is_ok() {
            return Ok(());
        }
        self.replay_with(recorded, Trust::Nothing)
    }

    fn replay_with(&mut self, recorded: &Recorded, trust: Trust) -> Result<(), String> {
        let Recorded { block, instructions, leaves } = recorded;
        if block.header.previous != self.tip.hash {
            return Err("previous hash differs".to_owned());
        }
        let time_ns = block.header.time_ns;
        self.check_may_stage(time_ns)
            .map_err(|error| format!("it cannot be applied: {error:?}"))?;
        let (scope, due) = (self.scope(time_ns), find_due(&self.state, time_ns));
        let records = block.records().map_err(|error| error.to_string())?;
        if !records.begins_with(&due) {
            return Err("entries differ".to_owned());
        }
        let results = match trust {
            Trust::Finality => Some(block.body.results.as_chunks::<RESULT_BYTES>().0),
            Trust::Nothing => None,
        };
        let signatures = Signatures::check(&self.state, &scope, &records, instructions, results);
        let parties = look_ahead(&self.state, &records);
        let (instructions, leaves) = (instructions.clone(), leaves.clone());
        let prepared = Prepared { records, instructions, leaves, signatures, parties };
        let applied = self.apply_prepared(&scope, &due, prepared, &mut |_| {});
        if let Some(what) = self.difference(&applied, block, trust) {
            self.state.rollback(applied.checkpoint);
            return Err(what.to_owned());
        }
        self.state.hand_over();
        self.keep(block);
        Ok(())
    }

    fn difference(
        &self,
        applied: &Applied,
        recorded: &Block,
        trust: Trust,
    ) -> Option<&'static str> {
        let finality = || match trust {
            // Its signature was verified before its word was taken.
            Trust::Finality => self.check_sequencer(recorded, &recorded.finality).map(|_| ()),
            Trust::Nothing => self.check_finality(recorded, &recorded.finality),
        };
        if applied.results != recorded.body.results {
            Some("results differ")
        } else if applied.header.state_root != recorded.header.state_root {
            Some("state root differs")
        } else if applied.header != recorded.header {
            Some("header differs")
        } else if finality().is_err() {
            Some("finality signature is wrong")
        } else {
            None
        }
    }

    // --- queries that look at more than one table -------------------------------------------------

    /// Per asset: positive posted, negative posted, pending in, pending out.
    pub fn trial_balance(&self) -> Vec<TrialBalance> {
        let mut sums: Vec<TrialBalance> = self
            .state
            .assets
            .table
            .rows()
            .iter()
            .map(|asset| TrialBalance { asset: asset.number, ..TrialBalance::default() })
            .collect();
        for balance in self.state.balances.table.rows().iter() {
            let asset = balance.asset.checked_sub(1).and_then(|number| sums.get_mut(at(number)));
            asset.expect("invariant: a balance is in a known asset").add(balance);
        }
        sums
    }
}

/// A sum of amounts that cannot leave its type: many balances near the end of theirs add up to more
/// than 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many times 2^128 was passed.
    pub high: u64,
    pub low: u128,
}

impl Sum {
    fn add(&mut self, amount_minor: u128) {
        let (low, passed) = self.low.overflowing_add(amount_minor);
        self.low = low;
        self.high = self.high.saturating_add(u64::from(passed));
    }
}

/// The sums of one asset; what is posted below zero is summed without its sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    pub asset: u32,
    pub positive_minor: Sum,
    pub negative_minor: Sum,
    pub pending_in_minor: Sum,
    pub pending_out_minor: Sum,
}

impl TrialBalance {
    fn add(&mut self, balance: &crate::balance::Balance) {
        let is_negative = balance.posted < 0;
        let side = if is_negative { &mut self.negative_minor } else { &mut self.positive_minor };
        side.add(balance.posted.unsigned_abs());
        self.pending_in_minor.add(balance.pending_in);
        self.pending_out_minor.add(balance.pending_out);
    }
}

// --- block 0 ---------------------------------------------------------------------------------

/// The state after genesis, with its block.
pub fn apply_block_zero(time_ns: u64, genesis: &[u8]) -> Result<(State, Block), CreateError> {
    let records = Records::read(genesis, 0).map_err(CreateError::Decode)?;
    let chain_id = Domain::Genesis.hash(&[&time_ns.to_le_bytes(), genesis].concat());
    let scope = Scope { chain_id, height: 0, now_ns: time_ns };
    let mut state = State::default();
    let mut results = Vec::new();
    for (index, entry) in records.entries.iter().enumerate() {
        match entry.kind {
            Kind::OpenAccount | Kind::RegisterAsset | Kind::RegisterKey | Kind::SetLimit => {}
            _ => return Err(CreateError::KindNotOfGenesis { index }),
        }
        apply_genesis(&mut state, &scope, entry)
            .map_err(|rejection| CreateError::Refused { index, rejection })?;
        let result = EntryResult { kind: entry.kind_number(), ..EntryResult::default() };
        results.extend(result.write());
    }
    state.hand_over();
    state.keep();
    let (mut leaves, mut result_leaves) = (Vec::new(), Vec::new());
    records.hash_leaves(&mut leaves);
    hash_results(&results, &mut result_leaves);
    let header = Header {
        count: row(records.all.len()),
        height: 0,
        time_ns,
        chain_id,
        previous: ZERO,
        transactions_root: tree::root_within(&mut leaves),
        results_root: tree::root_within(&mut result_leaves),
        state_root: state.root(),
    };
    Ok((state, Block::new(header, Body::alone(genesis, &results))))
}

// --- staging, in call order ------------------------------------------------------------------

fn join_records(
    due: &[Ended],
    envelopes: &[&[u8]],
    bytes: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    if !due.is_empty() {
        bytes.extend(write_sweep(due));
    }
    let length = envelopes.iter().fold(bytes.len(), |sum, one| sum.saturating_add(one.len()));
    if u32::try_from(length).is_err() {
        return Err(DecodeError("a block has more than 4 GiB of entries"));
    }
    bytes.reserve(length);
    for envelope in envelopes {
        bytes.extend_from_slice(envelope);
    }
    Ok(())
}

/// Reads the joined bytes; each buffer that was handed in is exactly one envelope.
fn read_records<'a>(
    bytes: &'a [u8],
    scope: &Scope,
    due: &[Ended],
    envelopes: &[&[u8]],
) -> Result<Records<'a>, StageError> {
    let records = Records::read(bytes, scope.height).map_err(StageError::Decode)?;
    let read = submissions(bytes, &records);
    let is_as_handed_in = records.has_sweep != due.is_empty()
        && read.len() == envelopes.len()
        && read.iter().zip(envelopes).all(|(read, given)| read.len() == given.len());
    if is_as_handed_in {
        Ok(records)
    } else {
        Err(StageError::Decode(DecodeError("a buffer is not exactly one envelope")))
    }
}

/// The bytes of a block to be.
pub struct Joined {
    scope: Scope,
    due: Vec<Ended>,
    bytes: Pooled,
}

/// A block that is read and checked as far as its bytes and the owners of accounts allow.
pub struct Prepared<'a> {
    records: Records<'a>,
    instructions: Vec<Hash>,
    leaves: Vec<Hash>,
    signatures: Signatures,
    /// By entry.
    parties: Vec<Parties>,
}

/// A block that was committed before, with the hashes that follow from its bytes alone: whoever
/// reads ahead makes them, while the block before is applied.
pub struct Recorded {
    pub block: Block,
    instructions: Vec<Hash>,
    leaves: Vec<Hash>,
}

impl Recorded {
    pub fn of(block: Block) -> Result<Self, DecodeError> {
        let (mut instructions, mut leaves) = (Vec::new(), Vec::new());
        let records = block.records()?;
        records.hash_instructions(&mut instructions);
        records.hash_leaves(&mut leaves);
        Ok(Self { block, instructions, leaves })
    }
}

/// Whose word is taken, when a block is applied again, for the signatures in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Nothing,
    /// That of whoever made the block final.
    Finality,
}

/// What a block did to the state.
pub struct Applied {
    header: Header,
    results: Pooled,
    checkpoint: Checkpoint,
}

/// The signatures of a block are checked together before it is applied. Whether one is valid
/// follows from bytes alone; the rules look at the answer where its turn comes.
struct Signatures {
    envelopes: Vec<bool>,
    /// By entry; empty when no entry is signed by an owner with one key.
    authorised: Vec<Option<(PublicKey, bool)>>,
    /// Of the members of policies and of witnesses, by entry.
    verdicts: BTreeMap<usize, Vec<Verdict>>,
}

impl Signatures {
    /// `recorded`: the results of a block whose word is taken, in which a signature of an envelope or
    /// an owner that was not valid has left its code. Those of witnesses and of members of a policy are
    /// verified all the same: a result does not say which.
    fn check(
        state: &State,
        scope: &Scope,
        records: &Records<'_>,
        instructions: &[Hash],
        recorded: Option<&[[u8; RESULT_BYTES]]>,
    ) -> Self {
        let (mut keys, mut digests, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
        // Those of envelopes and owners are as recorded, when that is known.
        let verifies = recorded.is_none();
        if verifies {
            for envelope in &records.envelopes {
                keys.push(envelope.key());
                digests.push(Domain::Envelope.hash(envelope.signed_bytes()));
                signatures.push(envelope.signature());
            }
        }
        let mut owners = Vec::new();
        for (at, (entry, instruction)) in records.entries.iter().zip(instructions).enumerate() {
            // An owner who is opened in this very block is looked up when the entry's turn comes.
            let Some((owner, signature)) = owner_signature(state, entry) else { continue };
            owners.push((at, owner));
            if verifies {
                keys.push(owner);
                digests.push(payment_digest(&scope.chain_id, instruction, entry.signed_units()));
                signatures.push(signature);
            }
        }
        let mut verdicts = BTreeMap::new();
        for (at, (entry, instruction)) in records.entries.iter().zip(instructions).enumerate() {
            let mut signed = witness_signatures(state, scope, entry);
            signed.extend(member_signatures(state, scope, entry, instruction));
            for Signed { key, digest, signature } in &signed {
                keys.push(*key);
                digests.push(*digest);
                signatures.push(*signature);
            }
            if !signed.is_empty() {
                let verdict = |signed| Verdict { signed, is_valid: false };
                verdicts.insert(at, signed.into_iter().map(verdict).collect::<Vec<_>>());
            }
        }
        let recorded = recorded.map(|results| recorded_verdicts(records, &owners, results));
        let verified = signature::verify_rows(&keys, &digests, &signatures);
        let mut envelopes = [recorded.unwrap_or_default(), verified].concat();
        let mut valid = envelopes.split_off(records.envelopes.len());
        let of_others = valid.split_off(owners.len());
        for (verdict, is_valid) in verdicts.values_mut().flatten().zip(of_others) {
            verdict.is_valid = is_valid;
        }
        let mut authorised = Vec::new();
        if !owners.is_empty() {
            authorised.resize(records.entries.len(), None);
        }
        for ((at, owner), valid) in owners.into_iter().zip(valid) {
            authorised.get_mut(at).into_iter().for_each(|place| *place = Some((owner, valid)));
        }
        Self { envelopes, authorised, verdicts }
    }
}

/// Of the signatures of envelopes, then of owners. What was refused for another reason first never
/// asks.
fn recorded_verdicts(
    records: &Records<'_>,
    owners: &[(usize, PublicKey)],
    results: &[[u8; RESULT_BYTES]],
) -> Vec<bool> {
    let code = |place: usize| results.get(place).map(EntryResult::code_of);
    let (mut envelopes, mut entries) = (Vec::new(), Vec::new());
    let mut place = usize::from(records.has_sweep);
    for envelope in &records.envelopes {
        envelopes.push(code(place) != Some(Rejection::BadSignature.code()));
        let end = place.saturating_add(1).saturating_add(at(envelope.count()));
        entries.extend(place.saturating_add(1)..end);
        place = end;
    }
    let owners = owners.iter().map(|(owner, _)| entries.get(*owner).copied().and_then(code));
    envelopes.extend(owners.map(|code| code != Some(Rejection::BadAuthorisation.code())));
    envelopes
}

/// Of so many accounts most are in no cache, and a block waits long enough for them to be worth a
/// second core.
const FAR_ROWS: usize = if cfg!(test) { 3 } else { 4_000_000 };

/// So many entries are looked up by one core before it takes more.
const SHARE: usize = if cfg!(test) { 2 } else { 512 };

/// How many entries are looked at together before their turn: as many misses as the processor waits
/// for at once, and few enough that what came is still there.
const AHEAD: usize = 16;

/// Finds the parties of every payment before the first is applied. Entry by entry, where each depends
/// on the one before, the processor would wait for one row of a large table after another.
fn look_ahead(state: &State, records: &Records<'_>) -> Vec<Parties> {
    let entries = records.entries.as_slice();
    if state.accounts.table.rows().length() < FAR_ROWS || entries.len() <= SHARE {
        return find_parties(state, entries);
    }
    let shares = entries.par_chunks(SHARE).map(|share| find_parties(state, share));
    shares.collect::<Vec<_>>().concat()
}

/// The places in the index are asked for two groups before they are looked at, the rows one group.
fn find_parties(state: &State, entries: &[Entry<'_>]) -> Vec<Parties> {
    let accounts = &state.accounts;
    let mut parties = Vec::with_capacity(entries.len());
    let (mut asked, mut next): (Option<Hashed<'_>>, Option<Hashed<'_>>) = (None, None);
    for group in entries.chunks(AHEAD).map(Some).chain([None, None]) {
        let hashed = group.map(Hashed::of);
        hashed.iter().flat_map(Hashed::each).for_each(|hash| accounts.fetch_place(hash));
        asked.iter().flat_map(Hashed::each).for_each(|hash| accounts.fetch(hash));
        parties.extend(next.iter().flat_map(|group| group.find(state)));
        (asked, next) = (hashed, asked);
    }
    parties
}

/// A group of entries with the hashes of their parties' addresses, where they have parties.
struct Hashed<'a> {
    entries: &'a [Entry<'a>],
    hashes: [Option<[u64; 2]>; AHEAD],
}

impl<'a> Hashed<'a> {
    fn of(entries: &'a [Entry<'a>]) -> Self {
        let mut hashes = [None; AHEAD];
        for (entry, hashes) in entries.iter().zip(&mut hashes).filter(|(entry, _)| moves(entry)) {
            *hashes = Some([address_hash(&entry.payer()), address_hash(&entry.payee())]);
        }
        Self { entries, hashes }
    }

    fn each(&self) -> impl Iterator<Item = u64> {
        self.hashes.iter().flatten().flatten().copied()
    }

    fn find(&self, state: &State) -> impl Iterator<Item = Parties> {
        self.entries.iter().zip(&self.hashes).map(|(entry, hashes)| match hashes {
            Some([payer, payee]) => (
                state.accounts.find_hashed(*payer, &entry.payer()),
                state.accounts.find_hashed(*payee, &entry.payee()),
            ),
            None => (None, None),
        })
    }
}

fn moves(entry: &Entry<'_>) -> bool {
    matches!(entry.kind, Kind::Payment | Kind::Refund | Kind::Issue | Kind::Redeem)
}

/// Asks for the rows that the entries of the group after `at` will change, and looks at where their
/// ids would stand; nothing is made of them.
fn fetch_rows(
    state: &State,
    envelope: &Envelope<'_>,
    entries: &[Entry<'_>],
    parties: &[Parties],
    at: usize,
) {
    let group = |rows: usize| parties.iter().skip(rows).take(AHEAD).copied().map(<[_; 2]>::from);
    let next = at.saturating_add(AHEAD);
    let after = group(next.saturating_add(AHEAD)).flatten().flatten();
    after.for_each(|number| state.accounts.table.fetch(number));
    for number in group(next).flatten().flatten() {
        state.balances.fetch(state.accounts.table.row(number));
    }
    let institution = envelope.institution();
    let is_known = |entry: &&Entry<'_>| state.window.may_know(institution, &entry.id());
    std::hint::black_box(entries.iter().skip(next).take(AHEAD).filter(is_known).count());
}

/// Rules 1 to 4; the results of all records go into `results`, in order.
fn apply_block(
    state: &mut State,
    scope: &Scope,
    due: &[Ended],
    prepared: &Prepared<'_>,
    results: &mut Vec<u8>,
) {
    let Prepared { records, instructions, leaves, signatures, parties } = prepared;
    results.reserve(records.all.len().saturating_mul(RESULT_BYTES));
    drop_old_segments(state, scope.now_ns);
    state.window.open.ids.reserve(records.entries.len());
    let mut leaves = leaves.as_slice();
    if records.has_sweep {
        sweep(state, due);
        let swept = EntryResult::sweep(u128::from(count(due.len())));
        results.extend_from_slice(&swept.write());
        leaves = leaves.get(1..).unwrap_or_default();
    }
    let mut entries = records.entries.iter().zip(instructions).zip(parties).enumerate();
    for (envelope, is_signed) in records.envelopes.iter().zip(&signatures.envelopes) {
        let own_count = at(envelope.count());
        let (own, rest) = leaves.split_at(own_count.saturating_add(1));
        leaves = rest;
        let digest = Domain::Entries.hash(own.get(1..).unwrap_or_default().as_flattened());
        let signer = check_envelope(state, scope, envelope, &digest, *is_signed);
        let code = signer.err().map_or(0, Rejection::code);
        results.extend_from_slice(&EntryResult::envelope(code).write());
        let mut own =
            entries.by_ref().take(own_count).map(|(at, ((entry, instruction), parties))| {
                let authorised = signatures.authorised.get(at).copied().flatten();
                let verdicts = signatures.verdicts.get(&at).map_or(&[][..], Vec::as_slice);
                let (instruction, parties) = (*instruction, *parties);
                (at, Checked { entry, instruction, authorised, verdicts, parties })
            });
        while let Some((at, checked)) = own.next() {
            if at.is_multiple_of(AHEAD) {
                fetch_rows(state, envelope, &records.entries, parties, at);
            }
            if checked.entry.has(LINKED | NET) {
                let chain = rest_of_chain(checked, own.by_ref().map(|(_, next)| next));
                for result in answer_chain(state, scope, &signer, &chain) {
                    results.extend_from_slice(&result.write());
                }
            } else {
                let result = answer(state, scope, &signer, &checked);
                results.extend_from_slice(&result.write());
            }
        }
    }
}

/// A chain ends with its first entry without LINKED, or with the envelope.
fn rest_of_chain<'a>(
    first: Checked<'a>,
    mut own: impl Iterator<Item = Checked<'a>>,
) -> Vec<Checked<'a>> {
    let mut is_linked = first.entry.has(LINKED);
    let mut chain = vec![first];
    while is_linked && let Some(next) = own.next() {
        is_linked = next.entry.has(LINKED);
        chain.push(next);
    }
    chain
}

fn answer_chain(
    state: &mut State,
    scope: &Scope,
    signer: &Result<Signer, Rejection>,
    chain: &[Checked<'_>],
) -> Vec<EntryResult> {
    match signer {
        Ok(signer) => {
            let is_open = chain.last().is_some_and(|last| last.entry.has(LINKED));
            apply_chain(state, scope, signer, chain, is_open)
        }
        Err(_) => chain.iter().map(|one| answer(state, scope, signer, one)).collect(),
    }
}

fn drop_old_segments(state: &mut State, now_ns: u64) {
    while state.window.oldest().is_some_and(|oldest| oldest.valid_until_ns_max < now_ns) {
        state.drop_oldest_segment();
    }
}

/// A refusal of the envelope is the answer to all its entries.
#[inline]
fn answer(
    state: &mut State,
    scope: &Scope,
    signer: &Result<Signer, Rejection>,
    checked: &Checked<'_>,
) -> EntryResult {
    match signer {
        Ok(signer) => apply_entry(state, scope, signer, checked),
        Err(rejection) => EntryResult {
            kind: checked.entry.kind_number(),
            code: rejection.code(),
            ..EntryResult::default()
        },
    }
}

fn close_segment(state: &mut State, scope: &Scope, transactions_root: Hash, results_root: Hash) {
    let recorded = count(state.window.open.ids.len());
    if recorded > 0 {
        state.close_segment(Segment {
            height: scope.height,
            valid_until_ns_max: state.window.open.valid_until_ns_max,
            recorded,
            transactions_root,
            results_root,
        });
    }
}

/// Each envelope with its entries, as it was handed in.
fn submissions<'a>(bytes: &'a [u8], records: &Records<'_>) -> Vec<&'a [u8]> {
    let mut lengths = records.all.iter().map(|record| record.len());
    let mut rest = bytes;
    let mut submissions = Vec::new();
    let mut take = |length: usize| {
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = after;
        taken
    };
    if records.has_sweep {
        take(lengths.next().unwrap_or(0));
    }
    for envelope in &records.envelopes {
        let own_count = at(envelope.count()).saturating_add(1);
        submissions.push(take(lengths.by_ref().take(own_count).sum()));
    }
    submissions
}

#[cfg(test)]
mod tests;
