//! The ledger's face: what Python may ask of it.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::blocks::{PyBlock, PyStaged};
use super::border::{Buffer, Bytes32, integer};
use super::faults::doubtful;
use super::proofs::PyProof;
use super::rows::{PyAccount, PyEscrow, PyHold, PyMandate, PyPolicy};
use super::shared::PyLedger;
use crate::account::CLOSED;
use crate::apply::held_units;
use crate::asset::PAUSED;
use crate::codec::Address;
use crate::history::History;
use crate::ledger::{CommitError, Joined, Ledger, Prepared, TrialBalance};
use crate::proof::Proofs;
use crate::state::Subroot;
use crate::store::{self, Opened, SnapshotError};

#[pymethods]
impl PyLedger {
    #[staticmethod]
    #[pyo3(signature = (folder, *, time_ns, genesis))]
    fn create(
        py: Python<'_>,
        folder: Option<PathBuf>,
        time_ns: u64,
        genesis: Buffer,
    ) -> PyResult<Self> {
        let ledger = py.detach(|| match folder {
            Some(folder) => store::create(&folder, time_ns, &genesis),
            None => Ledger::create(time_ns, &genesis, History::Memory(Vec::new())),
        })?;
        Ok(Self::of(ledger, 0))
    }

    #[staticmethod]
    fn open(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let Opened { ledger, snapshot_height } = py.detach(|| store::open(&folder))?;
        Ok(Self::of(ledger, snapshot_height))
    }

    #[staticmethod]
    fn restore(py: Python<'_>, folder: PathBuf, snapshot: &str) -> PyResult<Self> {
        let ledger = py.detach(|| store::restore(&folder, snapshot))?;
        let height = ledger.tip.height;
        Ok(Self::of(ledger, height))
    }

    #[getter]
    fn chain_id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, |ledger| ledger.chain_id)?))
    }

    #[getter]
    fn height(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.tip.height)
    }

    #[getter]
    fn time_ns(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.tip.time_ns)
    }

    #[getter]
    fn head_hash<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, |ledger| ledger.tip.hash)?))
    }

    #[getter]
    fn state_root<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, |ledger| ledger.tip.state_root)?))
    }

    #[getter]
    fn accounts_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.state.accounts.table.count())
    }

    #[getter]
    fn holds_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.state.holds.slots.taken())
    }

    #[getter]
    fn escrows_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.state.escrows.slots.taken())
    }

    #[getter]
    fn snapshot_height(&self) -> u64 {
        self.snapshot_height
    }

    #[pyo3(signature = (*, time_ns, envelopes))]
    fn stage(&self, py: Python<'_>, time_ns: u64, envelopes: Vec<Buffer>) -> PyResult<PyStaged> {
        self.stage_and(py, time_ns, &envelopes, |_, _, _| {}, |_| {})
    }

    /// What `stage` would give, taken back under the same lock, so that no reader ever sees it.
    #[pyo3(signature = (*, time_ns, envelopes, presume_signed=false))]
    fn rehearse(
        &self,
        py: Python<'_>,
        time_ns: u64,
        envelopes: Vec<Buffer>,
        presume_signed: bool,
    ) -> PyResult<PyStaged> {
        let presume = |ledger: &Ledger, joined: &Joined, prepared: &mut Prepared<'_>| {
            if presume_signed {
                ledger.presume_signed(joined, prepared);
            }
        };
        self.stage_and(py, time_ns, &envelopes, presume, |ledger| {
            ledger.discard();
        })
    }

    fn commit(&self, py: Python<'_>, finality: Buffer) -> PyResult<()> {
        py.detach(|| {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            self.hand_block_over(&finality)?;
            self.write_block()
        })
    }

    fn hand_over(&self, py: Python<'_>, finality: Buffer) -> PyResult<()> {
        py.detach(|| {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            self.hand_block_over(&finality)
        })
    }

    #[pyo3(name = "write")]
    fn write_handed_over(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.write_block())
    }

    fn discard(&self, py: Python<'_>) -> PyResult<()> {
        let discarded = py.detach(|| -> PyResult<bool> {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            Ok(self.ledger.write().map_err(|_| doubtful())?.discard())
        })?;
        if discarded { Ok(()) } else { Err(CommitError::NothingStaged.into()) }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // A snapshot that is being written is given up, and its files belong to nobody afterwards.
        self.write(py, Ledger::end_image)?;
        py.detach(|| -> PyResult<()> {
            *self.snapshotter.lock().map_err(|_| doubtful())? = false;
            Ok(())
        })?;
        let closed = self.write(py, |ledger| {
            // What waits to be written was acknowledged to nobody.
            let waiting = self.handed_over.lock().ok().and_then(|mut waiting| waiting.take());
            if let Some((_, history)) = waiting {
                ledger.history = history;
            }
            ledger.history.close()
        })?;
        Ok(closed?)
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| {
            let is_ours = self.snapshotter.lock().map_err(|_| doubtful())?;
            if *is_ours { self.save_snapshot() } else { Err(SnapshotError::Ended.into()) }
        })
    }

    // --- queries -------------------------------------------------------------------------------

    fn next_expiry_ns(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        self.read(py, |ledger| ledger.state.next_expiry_ns())
    }

    fn account(&self, py: Python<'_>, address: Buffer) -> PyResult<Option<PyAccount>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (number, account) = ledger.state.accounts.find_row(&address)?;
            Some(PyAccount { number, account })
        })
    }

    fn policy(&self, py: Python<'_>, address: Buffer) -> PyResult<Option<PyPolicy>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (number, account) = ledger.state.accounts.find_row(&address)?;
            let number = account.settles_at(number);
            let slot = ledger.state.policies.find(number)?;
            let row = ledger.state.policies.slots.row(slot);
            let spends = ledger.state.spends.of(number);
            let spends = spends.map(|slot| ledger.state.spends.slots.row(slot));
            Some(PyPolicy {
                units: row.units.to_vec(),
                recovery: row.recovery,
                spends: spends.map(|one| (one.unit, one.used_minor, one.day)).collect(),
            })
        })
    }

    fn account_at(&self, py: Python<'_>, number: u32) -> PyResult<Option<PyAccount>> {
        self.read(py, |ledger| {
            ledger.state.accounts.table.get(number)?;
            Some(PyAccount { number, account: ledger.state.accounts.seen(number) })
        })
    }

    fn account_numbers<'py>(
        &self,
        py: Python<'py>,
        addresses: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let addresses = addresses.rows("addresses")?;
        let numbers: Vec<[u8; 4]> =
            self.read_rows(py, addresses.as_flattened().len(), |ledger| {
                let find = |address| ledger.state.accounts.find(address).unwrap_or(u32::MAX);
                addresses.iter().map(|address| find(address).to_le_bytes()).collect()
            })?;
        Ok(PyBytes::new(py, numbers.as_flattened()))
    }

    fn account_flags<'py>(
        &self,
        py: Python<'py>,
        numbers: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.of_accounts(py, &numbers, |accounts, number| accounts.seen(number).flags)
    }

    fn standings<'py>(
        &self,
        py: Python<'py>,
        addresses: Buffer,
        assets: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (addresses, assets) = (addresses.rows("addresses")?, assets.rows("assets")?);
        if addresses.len() != assets.len() {
            return Err(PyValueError::new_err("addresses and assets must have one row each"));
        }
        let found: Vec<u8> = self.read_rows(py, addresses.as_flattened().len(), |ledger| {
            let rows = addresses.iter().zip(assets);
            rows.map(|(address, asset)| standing(ledger, address, u32::from_le_bytes(*asset)))
                .collect()
        })?;
        Ok(PyBytes::new(py, &found))
    }

    fn settling_numbers<'py>(
        &self,
        py: Python<'py>,
        numbers: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.of_accounts(py, &numbers, |accounts, number| {
            accounts.table.row(number).settles_at(number)
        })
    }

    fn balance(
        &self,
        py: Python<'_>,
        address: Buffer,
        asset: u32,
    ) -> PyResult<Option<(i128, u128, u128)>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (_, account) = ledger.state.accounts.find_row(&address)?;
            let number = ledger.state.balances.find(&account, asset)?;
            let balance = ledger.state.balances.table.row(number);
            Some((balance.posted, balance.pending_in, balance.pending_out))
        })
    }

    fn balances(&self, py: Python<'_>, address: Buffer) -> PyResult<Vec<(u32, i128, u128, u128)>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let account = ledger.state.accounts.find_row(&address);
            let rows = account.iter().flat_map(|(_, account)| ledger.state.balances.of(account));
            rows.map(|row| (row.asset, row.posted, row.pending_in, row.pending_out)).collect()
        })
    }

    fn assets(&self, py: Python<'_>) -> PyResult<Vec<(u32, String, u8)>> {
        self.read(py, |ledger| {
            let rows = ledger.state.assets.table.rows().iter();
            let text =
                |code: &[u8; 16]| String::from_utf8_lossy(code).trim_end_matches('\0').to_owned();
            rows.map(|asset| (asset.number, text(&asset.code), asset.scale)).collect()
        })
    }

    fn asset_controls(&self, py: Python<'_>) -> PyResult<Vec<(u32, u32, bool)>> {
        self.read(py, |ledger| {
            let rows = ledger.state.assets.table.rows().iter();
            rows.map(|asset| (asset.controls, asset.issuer, asset.flags & PAUSED != 0)).collect()
        })
    }

    fn balance_flags(&self, py: Python<'_>, address: Buffer, asset: u32) -> PyResult<Option<u32>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (_, account) = ledger.state.accounts.find_row(&address)?;
            let number = ledger.state.balances.find(&account, asset)?;
            Some(ledger.state.balances.table.row(number).flags)
        })
    }

    fn keys(&self, py: Python<'_>) -> PyResult<Vec<KeyRow>> {
        self.read(py, |ledger| {
            let rows = ledger.state.keys.table.rows().iter();
            rows.map(|key| {
                let heights = (key.activation_height, key.revoked_height);
                let (name, imported_ns) = (Bytes32(key.key), key.imported_ns);
                let owner = (key.institution, key.purposes);
                (name, owner.0, owner.1, heights.0, heights.1, key.sequence, imported_ns)
            })
            .collect()
        })
    }

    #[allow(clippy::type_complexity, reason = "the tuple of the .pyi")]
    fn limits(&self, py: Python<'_>) -> PyResult<Vec<(Bytes32, u32, u128, u128, u128, u64)>> {
        self.read(py, |ledger| {
            let rows = ledger.state.limits.table.rows().iter();
            rows.map(|limit| {
                let most = (limit.payment_minor_max, limit.day_minor_max);
                (Bytes32(limit.key), limit.asset, most.0, most.1, limit.used_minor, limit.day)
            })
            .collect()
        })
    }

    fn hold(&self, py: Python<'_>, institution: u32, id: Buffer) -> PyResult<Option<PyHold>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let slot = ledger.state.holds.find(institution, &id)?;
            let hold = ledger.state.holds.slots.row(slot);
            Some(PyHold { hold: hold.clone(), legs: held_units(&ledger.state.accounts, hold) })
        })
    }

    fn mandate(&self, py: Python<'_>, institution: u32, id: Buffer) -> PyResult<Option<PyMandate>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let slot = ledger.state.mandates.find(institution, &id)?;
            Some(PyMandate::of(ledger.state.mandates.slots.row(slot)))
        })
    }

    /// The ids of an institution's mandates that are fixed: its standing orders.
    fn standing_orders<'py>(
        &self,
        py: Python<'py>,
        institution: u32,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let ids: Vec<[u8; 16]> = self.read(py, |ledger| {
            let mandates = ledger.state.mandates.slots.slots().iter().flatten();
            let own = mandates.filter(|one| one.institution == institution && one.is_fixed());
            own.map(|mandate| mandate.id).collect()
        })?;
        Ok(PyBytes::new(py, ids.as_flattened()))
    }

    fn escrow(&self, py: Python<'_>, institution: u32, id: Buffer) -> PyResult<Option<PyEscrow>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let slot = ledger.state.escrows.find(institution, &id)?;
            Some(PyEscrow { escrow: ledger.state.escrows.slots.row(slot).clone() })
        })
    }

    fn refunded(
        &self,
        py: Python<'_>,
        institution: u32,
        target: Buffer,
    ) -> PyResult<Option<(u128, u128)>> {
        let target = target.array("target")?;
        self.read(py, |ledger| {
            let number = ledger.state.refunds.find(institution, &target)?;
            let refund = ledger.state.refunds.table.row(number);
            Some((refund.amount_minor, refund.refunded_minor))
        })
    }

    fn remembered(
        &self,
        py: Python<'_>,
        institution: u32,
        id: Buffer,
    ) -> PyResult<Option<(Bytes32, u16, u64)>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let found = ledger.state.window.find(institution, &id)?;
            let staged_height = ledger.tip.height.saturating_add(1);
            let height = found.height.unwrap_or(staged_height);
            Some((Bytes32(found.entry.instruction), found.entry.code, height))
        })
    }

    fn remembered_heights<'py>(
        &self,
        py: Python<'py>,
        institution: u32,
        ids: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let ids = ids.rows("ids")?;
        let heights: Vec<[u8; 8]> = self.read_rows(py, ids.as_flattened().len(), |ledger| {
            let staged_height = ledger.tip.height.saturating_add(1);
            let find = |id| ledger.state.window.find(institution, id);
            let height = |id| find(id).map_or(0, |found| found.height.unwrap_or(staged_height));
            ids.iter().map(|id| height(id).to_le_bytes()).collect()
        })?;
        Ok(PyBytes::new(py, heights.as_flattened()))
    }

    fn trial_balance<'py>(&self, py: Python<'py>) -> PyResult<SeenTrialBalance<'py>> {
        let (seen, sums) = self.read_long(py, |ledger| (ledger.seen(), ledger.trial_balance()))?;
        let row = |sum: &TrialBalance| {
            Ok((
                sum.asset,
                integer(py, sum.positive_minor)?,
                integer(py, sum.negative_minor)?.neg()?,
                integer(py, sum.pending_in_minor)?,
                integer(py, sum.pending_out_minor)?,
            ))
        };
        let rows: PyResult<Vec<_>> = sums.iter().map(row).collect();
        Ok((seen.height, Bytes32(seen.state_root), rows?))
    }

    fn subroots(&self, py: Python<'_>) -> PyResult<Vec<(&'static str, u64, Bytes32)>> {
        let subroots = self.write(py, |ledger| ledger.state.subroots())?;
        let row = |subroot: Subroot| (subroot.name, subroot.rows, Bytes32(subroot.root));
        Ok(subroots.into_iter().map(row).collect())
    }

    fn block(&self, py: Python<'_>, height: u64) -> PyResult<PyBlock> {
        Ok(PyBlock { block: self.read_block(py, height)? })
    }

    fn proof(&self, py: Python<'_>, height: u64, index: usize) -> PyResult<PyProof> {
        let block = self.read_block(py, height)?;
        PyProof::of(&Arc::new(py.detach(|| Proofs::of(block))?), index)
    }

    fn proofs(&self, py: Python<'_>, height: u64) -> PyResult<Vec<PyProof>> {
        let block = self.read_block(py, height)?;
        let proofs = Arc::new(py.detach(|| Proofs::of(block))?);
        (0..proofs.count()).map(|index| PyProof::of(&proofs, index)).collect()
    }
}

/// Key, institution, purposes, activation and revoked height, sequence, imported_ns.
type KeyRow = (Bytes32, u32, u32, u64, u64, u64, u64);

/// Height and state root of the block that the sums are of.
type SeenTrialBalance<'py> = (u64, Bytes32, Vec<TrialBalanceRow<'py>>);
type TrialBalanceRow<'py> =
    (u32, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Bits of book.Standing.
fn standing(ledger: &Ledger, address: &Address, asset: u32) -> u8 {
    let Some((_, account)) = ledger.state.accounts.find_row(address) else { return 0 };
    let holds = ledger.state.balances.find(&account, asset).is_some();
    let bits = [true, account.is(CLOSED), holds, account.owner().is_some()];
    bits.iter().rev().fold(0, |standing, bit| standing << 1 | u8::from(*bit))
}
