# Voxera. `make` says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run first-call test check bench requirements contract pictures package clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name says; do printf '  make %-13s %s\n' "$$name" "$$says"; done

run: ## Install what is missing, build, start the product with its demo
	@scripts/run.sh

first-call: ## With `make run` going: two phones register and talk to each other
	@scripts/first-call.sh

test: ## The same set-up, and every test: server, portal, browser, phones
	@scripts/test.sh

check: ## Format, lints, types, the contract, requirements, packaging
	@scripts/check.sh

bench: ## Measure, each number beside its baseline from the same run
	@scripts/bench.sh

requirements: ## Count what works; fail where a proof names no test
	@scripts/requirements.py

setup: ## Only install what is missing
	@scripts/setup.sh all

contract: ## Write contracts/openapi.yaml and the portal's types again
	@scripts/contract.sh write

pictures: ## Take the pictures of the README from a running product
	@scripts/pictures.sh

package: ## Build a Debian package into dist/
	@scripts/package.sh

clean: ## Remove what was built here (not the demo's data; `make run` names its folder)
	rm -rf .cache dist pbx-web/dist pbx-web/node_modules "$${CARGO_TARGET_DIR:-pbx-server/target}"
