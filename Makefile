# Every target sets up what it needs by itself: Python 3.11 or later and make are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: setup demo test check bench fuzz tamper-test lock clean

setup: $(VENV)/ready

$(VENV)/ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# One or more cameras of your own: make demo CAMERA=rtsp://… or CAMERA=0 (the first webcam).
demo: setup
	$(BIN)/clearglass demo $(if $(CAMERA),--camera '$(CAMERA)') $(DEMO)

test: setup
	$(BIN)/python -m pytest $(TEST)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks all --out out/benchmarks

# The log's parsers, a million times; `make test` does it some thousand times.
fuzz: setup
	CLEARGLASS_FUZZ_CASES=100000 $(BIN)/python -m pytest --timeout 0 tests/matcher/audit/test_fuzz.py $(TEST)

# Ten thousand edits of a log, each of which its auditor finds; `make test` does some hundred.
tamper-test: setup
	CLEARGLASS_TAMPER_CASES=5000 $(BIN)/python -m pytest --timeout 0 tests/matcher/audit/test_tampering.py $(TEST)

# Hashes without addresses, for every Python and platform the project runs on.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --extra dev -o requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist out *.egg-info
