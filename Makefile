# Every target sets up what it needs by itself: Python 3.11 or later and make are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Tests keep their compiled modules (__pycache__): every process of a run would compile them again.
fast coverage: export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test fast coverage check bench fuzz picture-test attack-test kill-test tamper-test fault-test lock sbom audit-dependencies clean

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

# For daily work: what tests/conftest.py marks as fast. It needs nothing but Python, and should take a minute on two cores.
fast: setup
	$(BIN)/python -m pytest -p no:schemathesis -m fast --hypothesis-profile fast -n $$(nproc) --dist loadfile $(TEST)

# How much of the code the fast tests run; fails below the floor in pyproject.toml.
coverage: setup
	$(BIN)/python -m pytest -p no:schemathesis --cov -m fast --hypothesis-profile fast -n $$(nproc) --dist loadfile $(TEST)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks all --out out/benchmarks

# The log's parsers, a million times, and a worker's messages, 100,000 times, one a core; `make test` does some thousand.
fuzz: setup
	$(BIN)/python -m pytest --collect-only -q tests/matcher/audit/test_fuzz.py tests/ingest/messages/test_message.py | grep taken_or_refused \
	| CLEARGLASS_FUZZ_CASES=100000 xargs -d '\n' -P $$(nproc) -n 1 $(BIN)/python -m pytest --timeout 0 -q -p no:cacheprovider

# Every format and size of picture that is read, with a sensor's noise, twice at once, and what each takes in memory; `make test` does
# most of it.
picture-test: setup
	CLEARGLASS_PICTURES=all $(BIN)/python -m pytest --timeout 0 -s tests/matcher/picture/test_memory.py tests/deploy/test_picture_memory.py $(TEST)

# A thousand half-open connections, fifty stalled uploads and the largest pictures at once, for a minute, and how others are served
# meanwhile; `make test` does some of it for some seconds.
attack-test: setup
	CLEARGLASS_ATTACK=full $(BIN)/python -m pytest --timeout 0 -s tests/deploy/test_attack.py $(TEST)

# The service killed twenty times while people come and go; `make test` does it twice.
kill-test: setup
	CLEARGLASS_KILLS=20 $(BIN)/python -m pytest --timeout 0 tests/deploy/test_kill.py $(TEST)

# Ten thousand edits of a log, each of which its auditor finds; `make test` does some hundred.
tamper-test: setup
	CLEARGLASS_TAMPER_CASES=5000 $(BIN)/python -m pytest --timeout 0 tests/matcher/audit/test_tampering.py $(TEST)

# A thousand kills, and every call that makes the log durable failing in its turn; `make test` does some of each.
fault-test: setup
	CLEARGLASS_FAULT_KILLS=1000 CLEARGLASS_FAULTS=0 $(BIN)/python -m pytest --timeout 0 -s tests/matcher/log/test_faults.py $(TEST)

# Hashes without addresses, for every Python and platform the project runs on.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --extra dev -o requirements-dev.lock pyproject.toml

# What the service is made of (CycloneDX 1.6): every package of the lock, with its version and the hashes of its files.
sbom: setup
	mkdir -p out
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file out/sbom.cdx.json requirements.lock

# The lock against the advisories of the Python Package Index, by the network. A package that it does not know is a failure.
audit-dependencies: setup
	$(BIN)/uvx pip-audit@2.10.1 --strict --require-hashes --disable-pip --requirement requirements.lock

clean:
	rm -rf $(VENV) build dist out *.egg-info
