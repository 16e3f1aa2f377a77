# make demo    see it work: a minute, no camera needed; it leaves an animation and a contact sheet in demo/
# make test    linter, types and tests; make clean removes everything that these targets made
# make test-edge    the tests of what runs on the device: two minutes, and no TensorFlow to fetch
# make docs    the documentation as a site, in build/site; nothing is fetched but the packages that build it
# make matrix    Keras files of every version, form and kind of network: three minutes
# make pictures    make the pictures in docs/pictures anew: a minute; look at them
# make fuzz    run every fuzzer: thousands of damaged settings, journals, pictures and requests, some minutes
# make figures    measure every figure again and write README and cards; needs the data sets: DATA=folder PEERS=folder
# make dist    build and check the wheel and the source distribution in dist/, with the hashes of all files and models
# make deb    Debian packages for amd64 and arm64 in dist/: DEB_SUITE=bookworm for the older system, DEB_ARCH=arm64 for one
# make container    put everything that Podman or a Home Assistant add-on builds an image from into build/container
# make system-test    the service on a real systemd, and on an emulated arm64 machine: Debian only, as root: 20 minutes, or an hour
# Each does its own set-up in $(VENV). Another interpreter: make test PYTHON=python3.13
# ARGS go to pytest: make test ARGS="tests/edge -k camera". Without them two processes share the tests: JOBS=4 for four

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
# What a change of edge/ or systemd/ can break. What trains, converts, builds the site, the pictures or the package, or is
# marked slow (several workers, accessibility in the browser), stays with `make test`.
LATER := $(addprefix tests/test_,chain.py docs_models.py docs_pictures.py docs_site.py package.py)
EDGE_TESTS := tests/edge tests/systemd $(filter-out $(LATER),$(wildcard tests/test_*.py))
# A file's tests stay in one process, as they share what is slow to make. A process that has TensorFlow takes 2 GB.
JOBS ?= 2
# Tests of what runs on the device wait a third of their time, for programs, sockets and clocks.
EDGE_JOBS ?= 3
SPREAD = --numprocesses $(JOBS) --dist loadfile
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Only its axe.min.js is used: the browser that it would bring along is not.
AXE := 'axe-playwright-python>=0.1.8,<0.2'
VENV_PACKAGE := $(notdir $(PYTHON))-venv

DATA ?= ../shared/data
PEERS ?= ../shared/peers
TAKEN := build/figures

DEB_SUITE ?= trixie
DEB_ARCH ?= amd64 arm64

.PHONY: help demo pictures test test-edge fuzz matrix docs figures figures-accuracy figures-beside system-test dist wheel \
	deb container lint format clean

help:
	@sed -n '/^# make/s/^# //p' Makefile

demo: $(VENV)/.demo
	@rm -rf demo && mkdir demo
	$(BIN)/edge-emotion run --source demo --journal demo/journal.jsonl --out demo/demo.webp --sheet demo/sheet.png
	@echo "Open demo/demo.webp in a browser, and demo/sheet.png. The portrait is public domain, the others are drawn."
	@echo "Captions follow a change of expression or mask about half a second later."
	@if [ -t 1 ]; then echo "The same, live, in your browser:"; $(BIN)/edge-emotion web --source demo --open --port 0; \
		else echo "The same, live, in your browser: $(BIN)/edge-emotion web --source demo"; fi

pictures: $(VENV)/.demo
	$(BIN)/python -m docs.tools.pictures

test: lint
	$(BIN)/python -m pytest $(or $(ARGS),$(SPREAD))

test-edge: $(VENV)/.edge
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses $(EDGE_JOBS) --dist loadfile -m 'not slow' $(EDGE_TESTS))

docs: $(VENV)/.docs
	$(BIN)/python -m docs.tools.architecture
	$(BIN)/mkdocs build --quiet --strict --config-file docs/tools/mkdocs.yml
	@echo "Open build/site/index.html"

matrix: $(VENV)/.test
	MATRIX=1 $(BIN)/python -m pytest tests/convert/test_matrix.py $(ARGS)

fuzz: $(VENV)/.test
	FUZZ=1 $(BIN)/python -m pytest $(shell find tests -name 'test_fuzz*.py') $(ARGS)

# After a change of models. Both parts write into README.md and docs/figures.json; the first one into the cards, too.
# `beside` measures speed: keep the machine quiet. Others' models are never part of this repository.
figures: figures-accuracy figures-beside

figures-accuracy: $(VENV)/.test
	@mkdir -p $(TAKEN)
	$(BIN)/python -m training evaluate --models models --data $(DATA) --float --json > $(TAKEN)/evaluate.json
	$(BIN)/python -m convert card models --recipes --figures $(TAKEN)/evaluate.json
	$(BIN)/python -m convert figures --evaluate $(TAKEN)/evaluate.json

figures-beside: $(VENV)/.test
	@mkdir -p $(TAKEN)
	$(BIN)/python -m tests.bench.detectors --data $(DATA) --peers $(PEERS) --json > $(TAKEN)/detectors.json
	$(BIN)/python -m tests.bench.peers --data $(DATA) --peers $(PEERS) --json > $(TAKEN)/peers.json
	$(BIN)/python -m convert figures --detectors $(TAKEN)/detectors.json --peers $(TAKEN)/peers.json

# Roots are kept in ~/.cache/edge-emotion/system. EDGE_SYSTEM_SUITE=bookworm, EDGE_SYSTEM_ARCH=arm64 and
# EDGE_SYSTEM_CUTS=100 choose another system and more power cuts; ARGS go to pytest: ARGS="-k 'not emulated'" takes ten minutes.
# The emulated machine needs qemu-system-arm and nbdkit, and half an hour more to make its disk the first time.
system-test: $(VENV)/.test
	@[ "$$(id -u)" = 0 ] || { echo "system tests boot machines: run them as root" >&2; exit 1; }
	@command -v debootstrap >/dev/null && command -v systemd-nspawn >/dev/null \
		|| { echo "fix: sudo apt install debootstrap systemd-container" >&2; exit 1; }
	SYSTEM_TEST=1 $(BIN)/python -m pytest -x -s tests/system $(ARGS)

# The wheel is made from the source distribution, so that nothing left in build/ gets into it.
wheel: $(VENV)/.edge
	rm -f dist/*.whl dist/*.tar.gz
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz

dist: wheel
	rm -f dist/SHA256SUMS*
	cd dist && sha256sum * > SHA256SUMS
	sha256sum models/manifest.json models/*/*.tflite > dist/SHA256SUMS.models

deb: | $(BIN)/python
	PYTHON=$(abspath $(BIN)/python) systemd/debian/build.sh --suite $(DEB_SUITE) --out dist $(DEB_ARCH)

container: wheel
	rm -rf build/container && mkdir -p build/container/wheels
	cp examples/container/* build/container && cp build/container/Containerfile build/container/Dockerfile
	cp dist/*.whl build/container/wheels

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.docs: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing what builds the documentation into $(VENV) ..."
	$(PIP) --editable '.[docs]'
	@touch $@

# The device's packages, the plots and the page; no TensorFlow.
$(VENV)/.demo: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing the device's packages into $(VENV) ..."
	$(PIP) --editable '.[plot,web]'
	@touch $@

$(VENV)/.edge: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing the device's packages and the test tools into $(VENV) ..."
	$(PIP) --editable '.[test,examples,web,plot,window,heic,mqtt,metrics,scan]'
	$(PIP) --no-deps $(AXE)
	@touch $@ $(VENV)/.demo

# TensorFlow is the CPU's, as setup.cfg names it: some 300 MB to fetch.
$(VENV)/.test: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing everything that the tests need into $(VENV), TensorFlow too; this takes some minutes ..."
	$(PIP) --editable '.[test,examples,docs,train,jax,web,plot,window,heic,mqtt,metrics,scan]'
	$(PIP) --no-deps 'tf_keras>=2.21,<2.22' $(AXE)
	@touch $@ $(VENV)/.demo $(VENV)/.edge $(VENV)/.docs

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "$(PYTHON): Python 3.11 or newer is needed; choose one with: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments; fix: sudo apt install $(VENV_PACKAGE)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
