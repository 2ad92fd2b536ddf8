# The whole shop on this machine. Needs Python 3.11 or newer with venv, and make.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up down status logs seed test chaos resilience simulate check lint format api-lint api-mock postman security lock image test-docker lint-docker

IN_VENV := .venv/bin/python -m
PINNED := requirements/constraints.txt
SPECTRAL := @stoplight/spectral-cli@6.16.3
WORKERS ?= 4
SEED ?= 7
IMAGE ?= shop:dev
DURATION ?= 600
MINUTES ?= 60
FUZZ ?= 100

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo "Options go in ARGS: make up ARGS='--instances 3', make test ARGS='-k money'"

up: .venv/.installed ## Start the shop; return when all of it is healthy
	@$(IN_VENV) shop up $(ARGS)

down: ## Stop what up started
	@if [ -x .venv/bin/python ]; then $(IN_VENV) shop down; else echo "Nothing was started here"; fi

status: .venv/.installed ## Show what runs, and how it is
	@$(IN_VENV) shop status $(ARGS)

logs: .venv/.installed ## Show what the servers and services print (ARGS='-f order')
	@$(IN_VENV) shop logs $(ARGS)

seed: .venv/.installed ## Put 50 products and 20 customers in
	@$(IN_VENV) shop seed

test: .venv/.installed-dev ## Run all tests against real servers
	@$(IN_VENV) shop fetch
	@$(IN_VENV) pytest -n $(WORKERS) --dist loadgroup --ignore tests/docker $(ARGS)

.PHONY: fuzz
fuzz: .venv/.installed-dev ## Throw rough input at the three services, drawn anew (FUZZ=100 rounds)
	@$(IN_VENV) shop fetch
	@ROUGH_EXAMPLES=$(FUZZ) SCHEMATHESIS_EXAMPLES=$(FUZZ) SCHEMATHESIS_SEED=random \
	  $(IN_VENV) pytest tests/rough tests/contract/test_schemathesis.py $(ARGS)

chaos: .venv/.installed-dev ## Maltreat a shop and see what it promised (SEED=7 DURATION=600)
	@$(IN_VENV) shop fetch
	@$(IN_VENV) tests.chaos --seed $(SEED) --duration $(DURATION) $(ARGS)

.PHONY: soak
soak: .venv/.installed-dev ## Load a shop for an hour, with faults: flat, or it fails (MINUTES=60 SEED=7)
	@$(IN_VENV) shop fetch
	@$(IN_VENV) tests.soak --seed $(SEED) --minutes $(MINUTES) $(ARGS)

resilience: .venv/.installed-dev ## Fail what a caller calls, under load, and see it (needs hey)
	@$(IN_VENV) shop fetch
	@$(IN_VENV) tests.resilience --full $(ARGS)

simulate: .venv/.installed ## Simulate calls at 10, 100 and 1000 instances (long; ARGS='outage --sizes 10')
	@$(IN_VENV) bench.simulate $(ARGS)

.PHONY: bench bench-quick
bench: .venv/.installed-bench ## Measure the speed: floor, rivals, growth (25 minutes; needs wrk)
	@$(IN_VENV) bench.speed $(ARGS)

bench-quick: .venv/.installed-bench ## The same in short, keeping nothing (3 minutes; needs wrk)
	@$(IN_VENV) bench.speed --quick $(ARGS)

image: ## Build the image (IMAGE=shop:dev)
	@docker build -q -t $(IMAGE) \
	  --build-arg VERSION="$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' src/shop/__init__.py)" \
	  --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
	  --build-arg CREATED="$$(git log -1 --format=%cI 2>/dev/null || echo unknown)" .

test-docker: .venv/.installed-docker ## Test the image and the compose stack (needs a Docker Engine)
	@$(IN_VENV) pytest tests/docker $(ARGS)

lint-docker: .venv/.installed-docker ## Lint the Dockerfile, and see that the compose files are valid
	@.venv/bin/hadolint Dockerfile
	@.venv/bin/docker-compose -f compose/docker-compose.yml -f compose/observability.yml config -q
	@.venv/bin/docker-compose -f compose/docker-compose.yml -f compose/tls.yml \
	  -f compose/observability.yml -f compose/tls.observability.yml config -q

check: lint audit test ## Everything that must be green: lint, audit, then test

.PHONY: audit
audit: .venv/.installed-audit ## Look for known vulnerabilities (where they can be asked for) and for secrets
	@.venv/bin/python scripts/audit.py

lint: .venv/.installed-dev ## Style, types, directions of imports, the three specs
	@$(IN_VENV) ruff check
	@$(IN_VENV) ruff format --check
	@$(IN_VENV) mypy --config-file setup.cfg
	@.venv/bin/python .venv/bin/lint-imports --config setup.cfg
	@$(IN_VENV) openapi_spec_validator src/shop/*/swagger.yaml

format: .venv/.installed-dev ## Format the code, and mend what can be mended
	@$(IN_VENV) ruff check --fix
	@$(IN_VENV) ruff format

api-lint: ## Lint the three Swagger files with Spectral (needs Node.js)
	@npx --yes $(SPECTRAL) lint --fail-severity=warn --ruleset .spectral.yaml \
	  src/shop/customer/swagger.yaml src/shop/product/swagger.yaml src/shop/order/swagger.yaml

api-mock: .venv/.installed ## Answer from the Swagger files, on ports 4011 to 4013 (needs Node.js)
	@.venv/bin/python scripts/api_mock.py

postman: .venv/.installed ## Make the Postman collection from the Swagger files
	@.venv/bin/python scripts/postman.py

security: .venv/.installed ## Write who may do what into docs/security.md, from the Swagger files
	@.venv/bin/python scripts/security.py

lock: .venv/.installed-release ## Lock what the image holds anew, after a change of a version
	@.venv/bin/python scripts/lock.py

.PHONY: release
release: .venv/.installed-release ## Make sdist, wheel, SBOM and checksums in dist/ (ARGS=--rehearse)
	@.venv/bin/python scripts/release.py $(ARGS)

.PHONY: k8s-check k8s-secrets push
k8s-check: .venv/.installed-dev ## Check the manifests: strictly, for two versions of Kubernetes
	@$(IN_VENV) shop fetch
	@$(IN_VENV) pytest tests/k8s $(ARGS)

k8s-secrets: .venv/.installed ## Make the secrets of k8s/overlays/local, those that are missing
	@.venv/bin/python scripts/k8s_secrets.py

push: image ## Push the image to ECR (REGISTRY=ACCOUNT.dkr.ecr.REGION.amazonaws.com)
	@scripts/push.sh "$(IMAGE)" "$(REGISTRY)" "$(TAG)"

# --clear: a .venv without a working Python, as after an upgrade of the system's, is made anew.
.venv/bin/python:
	@set -- python3 python3.13 python3.12 python3.11; \
	if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; fi; \
	for python in "$$@"; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	      2>/dev/null; then exec "$$python" -m venv --clear .venv; fi; \
	done; \
	echo "No Python 3.11 or newer with venv was found (tried: $$*). Install one" \
	  "(Debian: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3"; \
	exit 1

.venv/.installed: setup.cfg pyproject.toml $(PINNED) | .venv/bin/python
	@echo "Installing the shop and what it needs into .venv (half a minute)"
	@$(IN_VENV) pip install -qq --disable-pip-version-check -c $(PINNED) -e .
	@touch $@

.venv/.installed-dev: setup.cfg pyproject.toml $(PINNED) | .venv/bin/python
	@echo "Installing the shop and what its tests need into .venv (a minute)"
	@$(IN_VENV) pip install -qq --disable-pip-version-check -c $(PINNED) -e '.[dev,k8s,otel]'
	@touch .venv/.installed $@

.venv/.installed-bench: setup.cfg pyproject.toml $(PINNED) bench/rivals/requirements.txt | .venv/bin/python
	@echo "Installing the shop, and its rivals, into .venv (half a minute)"
	@$(IN_VENV) pip install -qq --disable-pip-version-check -c $(PINNED) -e '.[bench]' \
	  -r bench/rivals/requirements.txt
	@touch .venv/.installed $@

.venv/.installed-release: setup.cfg pyproject.toml $(PINNED) | .venv/bin/python
	@echo "Installing what releases are made with into .venv"
	@$(IN_VENV) pip install -qq --disable-pip-version-check -c $(PINNED) -e '.[release]'
	@touch .venv/.installed $@

.venv/.installed-audit: .venv/.installed-dev
	@echo "Installing what looks for vulnerabilities and secrets into .venv"
	@$(IN_VENV) pip install -qq --disable-pip-version-check -c $(PINNED) -e '.[dev,k8s,audit]'
	@touch $@

.venv/.installed-docker: .venv/.installed-dev
	@echo "Installing what tests/docker needs into .venv"
	@$(IN_VENV) pip install -qq --disable-pip-version-check -c $(PINNED) -e '.[dev,docker,otel]'
	@touch $@
