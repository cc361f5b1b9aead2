# make app   sets everything up and starts the lab
# make dev   the same, and a page is drawn anew when its code is saved
# make test  sets up what the tests need and runs them all
# make quick checks style, types and all that takes no time, in less than a minute
# make bench measures speed beside the post's loop, and what a visitor waits for; takes long
# make soak  kills, damages and fills things on purpose and says what was lost; half an hour
#
# On Linux, PyPI's torch is the CUDA build of about 6 GB. For PyTorch's CPU wheels:
#   make app TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
TORCH_INDEX_URL ?=
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep -E '^torch(vision)?==' requirements.txt)
NEW_ENOUGH := import sys; print(sys.version_info >= (3, 11))
require_python = $(if $(filter True,$(shell $1 -c '$(NEW_ENOUGH)' 2>&1)),,\
	$(error The lab needs Python 3.11 or newer, and $1 is not: $2))

.PHONY: app bench data dev test lint quick soak unit

app: $(VENV)/.app data
	$(BIN)/streamlit run streamlit_app.py

dev: $(VENV)/.app data
	$(BIN)/streamlit run streamlit_app.py --server.fileWatcherType auto --server.runOnSave true

# Where the dataset cannot be had, the lab starts all the same and offers to fetch it.
data: $(VENV)/.app
	-$(BIN)/python -m lenet.data.download FashionMNIST

test: lint unit

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

quick: lint
	$(BIN)/python -m pytest -m 'not slow and not e2e' --numprocesses 2 --quiet

unit: $(VENV)/.test data
	$(BIN)/python -m pytest -m 'not e2e' --numprocesses 2
	$(BIN)/python -m pytest -m e2e --numprocesses 2 --dist loadfile

bench: $(VENV)/.test data
	$(BIN)/python -m benchmarks

soak: $(VENV)/.test data
	$(BIN)/python -m soak

$(VENV)/bin/python:
	$(call require_python,$(PYTHON),name one with make PYTHON=python3.11)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt | $(VENV)/bin/python
	$(call require_python,$(BIN)/python,delete $(VENV) and let make set it up anew)
	$(if $(TORCH_INDEX_URL),$(BIN)/pip install --index-url $(TORCH_INDEX_URL) $(TORCH))
	$(BIN)/pip install -r requirements.txt
	touch $@

$(VENV)/.test: requirements-dev.txt requirements-cluster.txt requirements-export.txt $(VENV)/.app
	$(BIN)/pip install -r requirements-dev.txt
	$(BIN)/python -m tests.browser
	touch $@
