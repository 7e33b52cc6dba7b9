//! Rows of the state, as queries answer with them.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::account::Account;
use crate::escrow::Escrow;
use crate::hold::Hold;
use crate::mandate::Mandate;
use crate::policy::Recovery;
use crate::terms::Terms;

#[pyclass(name = "Account", module = "clearway_kernel", frozen)]
pub(super) struct PyAccount {
    pub(super) number: u32,
    pub(super) account: Account,
}

#[pymethods]
impl PyAccount {
    #[getter]
    fn number(&self) -> u32 {
        self.number
    }

    #[getter]
    fn address<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.account.address)
    }

    #[getter]
    fn institution(&self) -> u32 {
        self.account.institution
    }

    #[getter]
    fn flags(&self) -> u32 {
        self.account.flags
    }

    #[getter]
    fn category(&self) -> u32 {
        self.account.category
    }

    #[getter]
    fn owner<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.account.owner)
    }

    #[getter]
    fn opened_ns(&self) -> u64 {
        self.account.opened_ns
    }

    #[getter]
    fn parent(&self) -> Option<u32> {
        self.account.parent.checked_sub(1)
    }
}

#[pyclass(name = "Hold", module = "clearway_kernel", frozen)]
pub(super) struct PyHold {
    pub(super) hold: Hold,
    pub(super) legs: Vec<[u8; 64]>,
}

#[pymethods]
impl PyHold {
    #[getter]
    fn institution(&self) -> u32 {
        self.hold.institution
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.hold.id)
    }

    #[getter]
    fn payer(&self) -> u32 {
        self.hold.payer
    }

    #[getter]
    fn payee(&self) -> u32 {
        self.hold.payee
    }

    #[getter]
    fn asset(&self) -> u32 {
        self.hold.asset
    }

    #[getter]
    fn amount_minor(&self) -> u128 {
        self.hold.amount_minor
    }

    #[getter]
    fn expires_ns(&self) -> u64 {
        self.hold.expires_ns
    }

    #[getter]
    fn outcome(&self) -> u8 {
        self.hold.outcome
    }

    #[getter]
    fn closes(&self) -> u8 {
        self.hold.closes
    }

    #[getter]
    fn legs<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.legs.as_flattened())
    }
}

#[pyclass(name = "Mandate", module = "clearway_kernel", frozen, get_all)]
pub(super) struct PyMandate {
    institution: u32,
    payer: u32,
    payee: u32,
    asset: u32,
    payment_minor_max: u128,
    period_minor_max: u128,
    total_minor_max: u128,
    period_ns: u64,
    start_ns: u64,
    expires_ns: u64,
    payments_max: u32,
    flags: u32,
    used_total_minor: u128,
    used_period_minor: u128,
    period: u64,
    payments_used: u32,
}

impl PyMandate {
    pub(super) fn of(mandate: &Mandate) -> Self {
        let Mandate { used, .. } = mandate;
        Self {
            institution: mandate.institution,
            payer: mandate.payer,
            payee: mandate.payee,
            asset: mandate.asset,
            payment_minor_max: mandate.payment_minor_max,
            period_minor_max: mandate.period_minor_max,
            total_minor_max: mandate.total_minor_max,
            period_ns: mandate.period_ns,
            start_ns: mandate.start_ns,
            expires_ns: mandate.expires_ns,
            payments_max: mandate.payments_max,
            flags: mandate.flags,
            used_total_minor: used.total_minor,
            used_period_minor: used.period_minor,
            period: used.period,
            payments_used: used.payments,
        }
    }
}

#[pyclass(name = "Policy", module = "clearway_kernel", frozen)]
pub(super) struct PyPolicy {
    pub(super) units: Vec<[u8; 64]>,
    pub(super) recovery: Recovery,
    /// Unit, used, day.
    pub(super) spends: Vec<(u32, u128, u64)>,
}

#[pymethods]
impl PyPolicy {
    #[getter]
    fn units<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.units.as_flattened())
    }

    #[getter]
    fn recovery_key<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let is_proposed = self.recovery != Recovery::default();
        is_proposed.then(|| PyBytes::new(py, &self.recovery.key))
    }

    #[getter]
    fn recover_at_ns(&self) -> u64 {
        self.recovery.recover_at_ns
    }

    #[getter]
    fn spends(&self) -> Vec<(u32, u128, u64)> {
        self.spends.clone()
    }
}

#[pyclass(name = "Escrow", module = "clearway_kernel", frozen)]
pub(super) struct PyEscrow {
    pub(super) escrow: Escrow,
}

#[pymethods]
impl PyEscrow {
    #[getter]
    fn institution(&self) -> u32 {
        self.escrow.institution
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.escrow.id)
    }

    #[getter]
    fn payer(&self) -> u32 {
        self.escrow.payer
    }

    #[getter]
    fn payee(&self) -> u32 {
        self.escrow.payee
    }

    #[getter]
    fn asset(&self) -> u32 {
        self.escrow.asset
    }

    #[getter]
    fn amount_minor(&self) -> u128 {
        self.escrow.amount_minor
    }

    #[getter]
    fn released_minor(&self) -> u128 {
        self.escrow.released_minor
    }

    #[getter]
    fn expires_ns(&self) -> u64 {
        self.escrow.expires_ns
    }

    #[getter]
    fn opened_ns(&self) -> u64 {
        self.escrow.opened_ns
    }

    #[getter]
    fn terms_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.escrow.terms_hash)
    }

    #[getter]
    fn terms<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.escrow.terms.as_flattened())
    }

    fn accrued_minor(&self, now_ns: u64) -> PyResult<u128> {
        let terms = Terms::parse(&self.escrow.terms)?;
        Ok(terms.accrued_minor(self.escrow.amount_minor, now_ns))
    }
}
