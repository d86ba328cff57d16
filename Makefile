# Thin: every target is one line that also works by hand.
PYTHON ?= python3.11
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What moves money, credits and terms runs as a whole on the second database too.
MONEY := $(addprefix tests/,billing credits subscription support journeys jobs/test_payments.py web/test_checkout.py web/test_orders.py)

.PHONY: demo test soak lint bench instructions lock sbom audit
demo: .venv/run
	$(BIN)/portal demo

test: .venv/dev lint
	$(BIN)/pytest -n 2 --dist loadfile
	TEST_DATABASE=postgres $(BIN)/pytest -n 2 --dist loadfile $(MONEY)

# Long: the whole suite on the second database; then processes killed, databases stopped, forms attacked, for minutes
# each. One after the other, because each wants the machine.
soak: .venv/dev
	TEST_DATABASE=postgres $(BIN)/pytest -n 2 --dist loadfile
	$(BIN)/pytest -m soak

lint: .venv/dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: .venv/dev
	$(BIN)/python -m bench

instructions: .venv/dev
	$(BIN)/python -m bench.instructions

# What the portal is made of, as CycloneDX JSON; and whether anything of it is known to be vulnerable (needs a network).
sbom: .venv/dev
	@$(BIN)/python -m tools.sbom

audit: .venv/dev
	$(BIN)/python -m tools.audit $(SERVICE)

# The packages are pinned by hash; the project itself is linked in, so an edit is live at once.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: requirements/run.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --no-index -e .
	touch $@

.venv/dev: requirements/dev.txt .venv/run
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

lock: .venv/dev
	for set in "run" "postgres --extra postgres -c requirements/run.txt" "pdf --extra pdf -c requirements/run.txt" "dev --extra dev --extra postgres --extra pdf -c requirements/run.txt"; do set -- $$set; name=$$1; shift; \
	  $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras --no-header --allow-unsafe "$$@" -o requirements/$$name.txt pyproject.toml; done
