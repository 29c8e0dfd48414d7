# `make demo` and `make test` need nothing but a Python interpreter; PYTHON=python3.12 uses another one.
PYTHON ?= python3
TAG := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
DEFAULT_TAG := $(shell python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV := $(if $(filter $(TAG),$(DEFAULT_TAG)),.venv,.venv-$(TAG))
RUN := $(VENV)/bin/python

.PHONY: demo test test-all lint matrix soak clean

demo: $(VENV)/installed
	$(RUN) scripts/run_paper.py neff2018

test: $(VENV)/installed
	$(RUN) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-all: $(VENV)/installed
	$(RUN) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m ""

lint: $(VENV)/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

matrix: $(VENV)/installed
	rm -rf runs/matrix
	$(RUN) scripts/matrix.py --out runs/matrix

soak: $(VENV)/installed
	$(RUN) scripts/soak.py --out runs/soak

$(VENV)/installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet -e ".[test]"
	touch $@

clean:
	rm -rf .venv .venv-* build *.egg-info
