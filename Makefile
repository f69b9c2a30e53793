# Two commands: `make demo` and `make test`. Both set up what they need by themselves (deploy/setup).

PY := .venv/bin/python
DATA ?= data
SCRIPTS ?= 100000
FUZZ_MINUTES ?= 10
KILLS ?= 200
ARGS ?=
FREEZE ?=

.PHONY: help setup setup-test demo test check validate bench docs-figures docs-messages kiosk-references lock clean

help:
	@echo "make demo      a whole site with simulated people and devices (ARGS='--headless --for 120 --json')"
	@echo "make test      all tests, with real parts"
	@echo "make check     style, types, import table, known vulnerabilities, whether docs/messages and docs/instruments.md are of today"
	@echo "make validate  figures against recordings (DATA=<folder>), safety scripts (SCRIPTS=), fuzzing (FUZZ_MINUTES=), faults (KILLS=); hours"
	@echo "make bench     speed, as ratios against peers"
	@echo "make kiosk-references  draws the kiosk's reference pictures again, after a page was changed on purpose"

setup:
	@deploy/setup demo

setup-test:
	@deploy/setup test

demo: setup
	@.venv/bin/xinyi demo $(ARGS)

test: setup-test
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) docs/make_messages.py --check
	$(PY) docs/make_instruments.py --check
	$(PY) deploy/audit requirements.txt requirements-dev.txt

# Each part runs whatever the others came to; recordings only where they are.
validate: setup-test
	@ok=0; \
	if [ -d "$(DATA)" ]; then $(PY) -m benchmarks.validate --data "$(DATA)" || ok=1; \
	else echo "validate: no recordings in $(DATA); name their folder: make validate DATA=<folder>"; ok=1; fi; \
	$(PY) -m benchmarks.validate_safety --scripts $(SCRIPTS) || ok=1; \
	$(PY) -m pytest -q -m validation || ok=1; \
	XINYI_MODBUS_SCRIPTS=250 $(PY) -m pytest -q -o timeout=3000 tests/devices/modbus/test_modbus_hazards.py || ok=1; \
	$(PY) -m benchmarks.fuzz_decoders --minutes $(FUZZ_MINUTES) || ok=1; \
	$(PY) -m benchmarks.validate_faults --kills $(KILLS) || ok=1; \
	$(PY) -m benchmarks.validate_power_cut || ok=1; \
	$(PY) -m benchmarks.validate_bad_days || ok=1; \
	$(PY) -m benchmarks.validate_levels || ok=1; \
	$(PY) -m benchmarks.validate_offline || ok=1; \
	$(PY) -m benchmarks.validate_kiosk || ok=1; \
	$(PY) -m benchmarks.bench_gateway --only live --speed 20 --seconds 180 || ok=1; \
	exit $$ok

# Peers live in an environment of their own; some are GPL and never run in our process.
.venv-bench/.stamp: benchmarks/requirements-peers.txt
	python3 -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check -r $< 2>/dev/null || \
		while read -r peer; do .venv-bench/bin/pip install --quiet --disable-pip-version-check "$$peer" 2>/dev/null || echo "bench: $$peer does not install"; done < $<
	touch $@

bench: setup-test .venv-bench/.stamp
	@ok=0; $(PY) -m benchmarks.bench_signals --peer-python .venv-bench/bin/python || ok=1; \
	$(PY) -m benchmarks.bench_devices || ok=1; \
	$(PY) -m benchmarks.bench_points || ok=1; \
	$(PY) -m benchmarks.bench_centre || ok=1; \
	$(PY) -m benchmarks.bench_kiosk || ok=1; \
	$(PY) -m benchmarks.bench_screening || ok=1; \
	$(PY) -m benchmarks.bench_gateway || ok=1; exit $$ok

docs-figures: setup-test
	$(PY) docs/make_figures.py

# Reference pictures of the kiosk: after a page was changed on purpose.
kiosk-references: setup-test
	$(PY) -m tests.kiosk.references --accept

# The message contract as others read it. FREEZE=0.2.0: today's form is now the released one.
docs-messages: setup-test
	$(PY) docs/make_messages.py $(if $(FREEZE),--freeze $(FREEZE))

lock:
	.venv/bin/uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements.txt
	.venv/bin/uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .venv-bench build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
