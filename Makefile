# SPDX-License-Identifier: Apache-2.0
# Every target sets up what it needs; see `make help`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export YOWASP_CACHE_DIR := $(CURDIR)/target/tools/yowasp-cache
PYTHON := target/tools/venv/bin/python3

.PHONY: help
help: ## Say what there is to make.
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | column -t -s '|'

.PHONY: demo
demo: ## Two VPN customers through the simulated card: ESP in, MPLS out, and back.
	@scripts/setup.sh sim
	@echo "Building the driver, the simulator and the demo (a few minutes the first time)"
	@cargo build -p headend-sim -p headend-driver -p headend-peers --bins
	@echo "Building the card: Verilator turns the RTL into a program (one to three minutes the first time)"
	@cargo run -q -p headend-sim --bin headend-card -- --build-only
	@cargo run -q -p headend-peers --bin headend-demo

.PHONY: test
test: ## Everything: model, RTL, driver, real peers.
	@scripts/setup.sh sim guest vectors
	@scripts/test.sh

.PHONY: bench
bench: ## Speeds, into target/bench/*.json.
	@scripts/setup.sh sim
	@cargo build --release --bins -p headend-sim -p headend-driver -p headend-testbench
	@cargo run --release -q -p headend-testbench --bin bench

.PHONY: soak
soak: ## Differential tests for twelve minutes, into docs/results/differential.json.
	@scripts/setup.sh sim
	@cargo run --release -q -p headend-testbench --bin soak

.PHONY: lint
lint: ## Formatting, clippy, fresh generated files, Verilator and Yosys on every module.
	@scripts/setup.sh lint yosys
	@scripts/lint.sh

.PHONY: gen
gen: ## Regenerate what comes from hdl/tables.toml.
	@cargo run -q -p headend-gen

.PHONY: formal
formal: ## Every proof, and every injected bug that a proof must find.
	@scripts/setup.sh yosys
	@$(PYTHON) hdl/formal/run.py

.PHONY: formal-quick
formal-quick: ## The proofs that a change must pass (about two minutes).
	@scripts/setup.sh yosys
	@$(PYTHON) hdl/formal/run.py --quick

.PHONY: area
area: ## FPGA resources and logic levels of every module and of the card, into docs/results/area.md.
	@scripts/setup.sh yosys
	@$(PYTHON) hdl/lint/area.py

.PHONY: pnr
pnr: ## A GHASH multiplier and an AES round placed and routed (ECP5), into docs/results/pnr.json.
	@scripts/setup.sh yosys pnr
	@$(PYTHON) hdl/lint/pnr.py

.PHONY: gcm-long
gcm-long: ## A million random packets through the GCM engine, into docs/results/gcm_long.json.
	@scripts/setup.sh sim
	@cargo run --release -q -p headend-hdl-tests --example gcm_long

.PHONY: setup
setup: ## Install everything that any target needs.
	@scripts/setup.sh all
