"""Every typology alerts on its story and not on its look-alike; and the rules of the registry."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import clearway.risk.typologies
from clearway.risk.features import FEATURES
from clearway.risk.memory.history import compute_features
from clearway.risk.typologies import sources
from clearway.risk.typologies.match import Matcher
from clearway.risk.typologies.registry import SHIPPED, TYPOLOGIES, typologies_of, typology_of
from clearway.risk.typologies.rule import FAMILIES, Typology, at_least, between, yes
from clearway.risk.typologies.sources import Document
from tests.risk.rows import feature, payments, random_history
from tests.risk.typologies import fraud, laundering
from tests.risk.typologies.cast import Cast

SEEDS = range(5)
FOLDER = Path(clearway.risk.typologies.__file__).parent
PARTS = {"__init__", "effect", "in_force", "match", "registry", "rule", "settings", "sources"}
# Whoever changes this list has reused a number. Only add.
BITS_FOR_EVER = [
    "structuring_payer", "structuring_payee", "travel_rule_splitting", "mule_fan_in",
    "mule_fan_out", "rapid_pass_through", "round_trip", "dormant_wake_up", "dormant_collects",
    "many_in_one_out", "one_in_many_out", "funnel_account", "smurfing_corridors",
    "mis_invoicing", "mixing", "round_layering", "device_farm", "address_farm",
    "shared_device_dealing", "tainted_received", "accused_pays_out", "near_accused",
    "new_account_burst", "account_takeover", "account_drained", "push_payment_scam",
    "investment_scam", "invoice_redirection", "payroll_diversion", "card_testing",
    "tested_then_used", "bust_out", "refund_abuse", "micro_charges", "merchant_bust_out",
    "equal_contributions", "night_burst", "reported_payee", "repeat_victim", "reported_device",
    "reported_corridor",
]  # fmt: skip
every = pytest.mark.parametrize("typology", TYPOLOGIES, ids=lambda one: one.code)


def story(typology: Typology, prefix: str = "") -> Callable[[Cast], None]:
    family, _, name = typology.code.partition(".")
    module = {"laundering": laundering, "fraud": fraud}[family]
    told: Callable[[Cast], None] = getattr(module, prefix + name)
    return told


def hits(cast: Cast, typology: Typology) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which payments alert, and which of them are the crime."""
    facts, bad = cast.rows()
    paid = facts["report"] == 0
    features = compute_features(facts[paid], facts[~paid])
    return SHIPPED.matcher.match(features) >> np.uint64(typology.bit) & np.uint64(1) == 1, bad[paid]


@every
@pytest.mark.parametrize("seed", SEEDS)
def test_its_story_alerts_and_nothing_in_it_that_was_honest(typology: Typology, seed: int) -> None:
    cast = Cast(seed)
    story(typology)(cast)
    found, bad = hits(cast, typology)
    assert (found & bad).any()
    assert not (found & ~bad).any()


@every
@pytest.mark.parametrize("seed", SEEDS)
def test_who_only_looks_like_it_does_not_alert(typology: Typology, seed: int) -> None:
    cast = Cast(seed)
    story(typology, "not_")(cast)
    found, bad = hits(cast, typology)
    assert len(found)
    assert not bad.any()
    assert not found.any()


def test_none_of_the_folder_is_forgotten() -> None:
    names = {path.stem for path in FOLDER.glob("*.py")} - PARTS
    assert names == {typology.code.partition(".")[2] for typology in TYPOLOGIES}
    for name in names:
        module = import_module(f"clearway.risk.typologies.{name}")
        assert module.TYPOLOGY in TYPOLOGIES, name
    assert len(TYPOLOGIES) >= 30


def test_numbers_and_codes_never_change() -> None:
    assert [typology.code.partition(".")[2] for typology in TYPOLOGIES] == BITS_FOR_EVER
    assert [typology.bit for typology in TYPOLOGIES] == list(range(len(BITS_FOR_EVER)))
    assert len(TYPOLOGIES) <= 64


@every
def test_it_says_where_it_is_from_and_why(typology: Typology) -> None:
    assert typology.family in FAMILIES
    assert typology.sources
    assert len(set(typology.sources)) == len(typology.sources)
    assert typology.why.endswith(".")
    assert typology.advice.endswith((".", "?"))
    assert all(condition.because for condition in typology.conditions)
    assert len({condition.feature for condition in typology.conditions}) == len(typology.conditions)
    assert len(typology.conditions) >= 2


DOCUMENTS = [one for one in vars(sources).values() if isinstance(one, Document)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.title)
def test_a_document_has_a_publisher_a_title_and_a_year(document: Document) -> None:
    assert document.publisher
    assert len(document.title) >= 12
    [year] = re.findall(r"\b(?:19|20)\d\d\b", document.published)[-1:]
    assert 1990 <= int(year) <= 2026
    numbers = re.findall(r"\bFIN-(20\d\d)-", document.title)
    assert all(number in document.published for number in numbers), "FinCEN numbers by the year"


def test_every_document_is_cited_and_none_twice() -> None:
    cited = {source.document for typology in TYPOLOGIES for source in typology.sources}
    assert cited == set(DOCUMENTS)
    assert len({document.title for document in DOCUMENTS}) == len(DOCUMENTS)


def test_a_citation_says_what_was_read_or_that_it_was_not() -> None:
    document = Document("FATF", "Trade Based Money Laundering", "23 June 2006")
    name = "FATF, Trade Based Money Laundering (23 June 2006)"
    assert document.says("prices carry value").text == f"{name}: prices carry value"
    assert document.says("prices", at="page 1").text == f"{name}, page 1: prices"
    assert document.lists("page 1").text == f"{name}, page 1 †"
    told = [source for typology in TYPOLOGIES for source in typology.sources]
    assert all(bool(source.what) is not source.is_unread for source in told)


@every
def test_what_is_unknown_fits_no_condition_on_it(typology: Typology) -> None:
    """A payment without a device, from an account that never did anything, fits by no accident."""
    for condition in typology.conditions:
        if condition.feature.startswith(("device_", "address_", "corridor_")):
            assert condition.low > -1.0, condition.feature
        if condition.feature.endswith(("_idle", "_hops")) or condition.feature == "payer_age":
            assert condition.low > -1.0, condition.feature


def test_unknown_devices_fit_no_typology_of_devices() -> None:
    asked = [
        typology
        for typology in TYPOLOGIES
        if any(c.feature.startswith(("device_", "address_")) for c in typology.conditions)
    ]
    assert len(asked) >= 4
    features = np.full((1, len(FEATURES)), 1e6, dtype=np.float32)
    for k, name in enumerate(FEATURES):
        if name.startswith(("device_", "address_")):
            features[0, k] = -1.0
    found = typologies_of(int(Matcher.of(asked).match(features)[0]))
    assert found == []


def test_what_is_no_number_fits_nothing() -> None:
    assert not SHIPPED.matcher.match(np.full((3, len(FEATURES)), math.nan, np.float32)).any()
    for value in (math.inf, -math.inf):
        SHIPPED.matcher.match(np.full((3, len(FEATURES)), value, np.float32))  # and does not crash


def test_one_pass_finds_what_each_condition_says() -> None:
    """Beside plain comparisons, on payments of all kinds."""
    features = compute_features(random_history(seed=8, n=3_000))
    rng = np.random.default_rng(2)
    some = []
    for bit in range(40):
        names = rng.choice(FEATURES, 3, replace=False)
        levels = [np.quantile(feature(features, name), rng.uniform(0.2, 0.6)) for name in names]
        conditions = (
            at_least(names[0], float(levels[0]), "a"),
            between(names[1], -1.0, float(levels[1]), "b"),
            at_least(names[2], float(levels[2]), "c"),
        )
        some.append(Typology(bit, f"fraud.{bit}", "", "payer", (), "", "", conditions))
    found = Matcher.of(some).match(features)
    expected = np.zeros(len(features), np.uint64)
    for typology in some:
        holds = np.ones(len(features), bool)
        for condition in typology.conditions:
            column = features[:, FEATURES.index(condition.feature)]
            holds &= (column >= np.float32(condition.low)) & (column <= np.float32(condition.high))
        expected |= holds.astype(np.uint64) << np.uint64(typology.bit)
    assert (found == expected).all()
    assert found.any()


def test_no_payments_no_alerts() -> None:
    assert SHIPPED.matcher.match(np.empty((0, len(FEATURES)), np.float32)).tolist() == []


def test_absurd_payments_do_not_crash() -> None:
    rows = payments(payer=[1, 1, 2], payee=[2, 1, 1], eur=[math.nan, math.inf, -5.0])
    assert len(SHIPPED.matcher.match(compute_features(rows))) == 3


def test_bits_are_read_back() -> None:
    assert [one.code for one in typologies_of(0b101)] == [TYPOLOGIES[0].code, TYPOLOGIES[2].code]
    assert typology_of("fraud.bust_out") is not None
    assert typology_of("fraud.nothing") is None
    assert typologies_of(1 << 63) == []


def test_conditions_say_themselves_in_words() -> None:
    assert yes("payee_new", "x").text == "payee_new"
    assert between("cycle", 2, 3, "x").text == "cycle 2 to 3"
    assert between("cycle", 3, 3, "x").text == "cycle = 3"
