# `make demo` and `make test` need Python 3.11, Rust 1.91 and nothing else; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNEL := $(shell find kernel -name '*.rs' -not -path '*/target/*' 2>/dev/null) kernel/Cargo.toml kernel/Cargo.lock
export CARGO_TERM_COLOR ?= never

.PHONY: demo test verify simulate mutants golden bank fuzz sanitize asan miri vectors features typologies install dev check lint bench evaluate lock clean

demo: install            ## a day of payments on a real node, verified from genesis
	$(BIN)/clearway demo

test: dev                ## every test that needs no outside server
	$(BIN)/python -m pytest
	cargo test --quiet --manifest-path kernel/Cargo.toml

verify: dev              ## the verifiers in Python, JavaScript, Go and a browser, on the same vectors
	$(BIN)/python -m pytest tests/verify

# Longer: make simulate SEEDS=1000000. Another range: FIRST=10000. One seed, step by step: SEED=17.
SEEDS ?= 10000
FIRST ?= 0
SIMULATION := cargo test --quiet --profile simulation --no-default-features --manifest-path kernel/Cargo.toml --test simulation

simulate:                ## seeded schedules of faults, crashes and lies of the disk under the ledger
	$(SIMULATION) -- $(if $(SEED),one $(SEED),$(SEEDS) $(FIRST))

mutants:                 ## that the simulator finds a log broken on purpose
	$(PYTHON) tests/simulation/mutants.py

golden: dev              ## tests/golden of this version again; only before it is released
	$(BIN)/python -m tools.write_golden --again

bank: dev                ## a bank whose node is killed for an hour, checked for strict serialisability
	BANK_ROUNDS=60 $(BIN)/python -m pytest tests/linearizability -s

# Needs a nightly compiler and `cargo install cargo-fuzz`. What breaks something comes into kernel/fuzz/corpus,
# which `make test` tries again on any compiler.
FUZZ_S ?= 60

fuzz:                    ## bytes that break the kernel are looked for, FUZZ_S seconds a target
	set -e; for target in codec condition proof block; do \
	  mkdir -p kernel/fuzz/target/found/$$target; \
	  (cd kernel && cargo +nightly fuzz run $$target fuzz/target/found/$$target fuzz/corpus/$$target -- \
	    -max_total_time=$(FUZZ_S) -max_len=4096 -print_final_stats=1); done

# Longer than `make asan`, which is what `.ci/run` has time for: Miri needs a nightly compiler with it.
sanitize: asan           ## reads and writes outside of memory are looked for in the kernel
	@if RUSTUP_AUTO_INSTALL=0 cargo +nightly miri --version >/dev/null 2>&1; then $(MAKE) --no-print-directory miri; else \
	  echo "SKIPPED: make miri; install it with 'rustup toolchain install nightly --component miri,rust-src'"; fi

# With rustup's stable compiler, which has the sanitizer's code but not the word for it. Added to the flags of
# .cargo/config.toml, so that the vector code of signatures is in it too.
HOST := x86_64-unknown-linux-gnu
ASAN := --config 'target.$(HOST).rustflags=["-Zsanitizer=address"]' --config 'profile.test.debug="line-tables-only"'

asan:                    ## every test of the kernel and the fuzzer's corpus under AddressSanitizer
	RUSTC_BOOTSTRAP=1 cargo test --quiet --no-default-features --manifest-path kernel/Cargo.toml \
	  --target-dir kernel/target/asan --target $(HOST) $(ASAN) --lib --test corpus

# What reads bytes, counts places and hashes; the ledger above it would take hours there.
MIRI := MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --quiet --no-default-features --manifest-path kernel/Cargo.toml

miri:                    ## the kernel's lower rooms under Miri, which sees every access
	$(MIRI) --lib -- codec:: table:: index:: sharded:: directory:: pieces:: hash:: terms::
	$(MIRI) --test corpus -- bytes_are no_other_proof terms_of

vectors: dev             ## write what follows from the format: vectors, the verifiers' tables, their page
	$(BIN)/python -m tools.write_vectors
	$(BIN)/python -m tools.write_verdicts
	$(BIN)/python -m tools.write_tables
	cd verify/js && npm ci --ignore-scripts && node build.js

features: dev            ## write the pass over the payments from the declared features
	$(BIN)/python -m tools.write_features

typologies: dev          ## write docs/typologies.md: what is looked for, and how often it is right
	$(BIN)/python -m tools.write_typologies

install: $(VENV)/installed   ## the set-up alone; afterwards .venv/bin/clearway works

dev: $(VENV)/installed-dev

$(VENV)/tools: tools/check_tools.sh
	@sh tools/check_tools.sh $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/dependencies: requirements.lock | $(VENV)/tools
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Editable: Python sources are read in place, so only the kernel's sources make this step run again.
$(VENV)/installed: $(VENV)/dependencies pyproject.toml $(KERNEL)
	PATH="$(CURDIR)/$(BIN):$$PATH" pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

check: dev               ## formatting, types, import rules, clippy with the determinism bans
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy spec
	$(BIN)/lint-imports
	$(BIN)/python tools/check_rust_version.py
	cargo fmt --check --manifest-path kernel/Cargo.toml
	cargo clippy --quiet --all-targets --manifest-path kernel/Cargo.toml -- -D warnings

# Needs the data of docs/figures.md in SHARED; about ten minutes, no network.
evaluate: dev            ## how good the models are, written into docs/figures.md
	$(BIN)/python -m benchmarks.evaluate $(SHARED)

bench: install           ## the figures of docs/figures.md
	$(BIN)/clearway bench ledger --json
	$(BIN)/clearway bench pipeline --json
	$(BIN)/clearway bench http --json
	$(BIN)/clearway bench screening --json
	$(BIN)/clearway bench risk --json

lock: dev                ## write the lock files again from pyproject.toml
	sh tools/lock.sh $(BIN)

clean:
	rm -rf $(VENV) kernel/target build dist
