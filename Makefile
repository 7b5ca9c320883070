# What a person does with a checkout.  Needs Python 3.11 or later, GNU make and a package index;
# everything else is installed into .venv on demand.

PYTHON ?= python3
VENV ?= .venv

RUN := $(VENV)/bin/python
TESTED := $(VENV)/.installed-test
DEVELOPED := $(VENV)/.installed-dev
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet
SPHINX := $(RUN) -m sphinx --nitpicky --fail-on-warning --keep-going --quiet

# Where it is measured how long a daemon lets its peers wait, nothing else runs; the rest runs two at
# a time.  `python -m twisted.trial tests` runs everything in one process.
ALONE := $(addprefix tests.daemon.test_,bad_pdus fairness half_open many_associations requests \
    silent_peers tls_floods window)
EVERY := $(wildcard tests/*/__init__.py tests/test_*.py tests/daemon/test_*.py)
NAMES := $(subst /,.,$(patsubst %.py,%,$(EVERY:/__init__.py=)))
TOGETHER := $(filter-out tests.daemon $(ALONE),$(NAMES))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo serve test together alone compiled check style types imports docs bench legacy clean

help:  ## say what there is
	@awk -F ':.*  ## ' '/^[a-z]+:.*  ## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(TESTED)  ## a node and a sender exchange images over TLS, here, in a minute
	$(RUN) examples/demo.py

serve: $(TESTED)  ## a secure node on this machine, until you stop it
	$(RUN) examples/serve.py

test: together alone  ## all tests; those with real peers need DCMTK

together: $(TESTED) compiled
	$(RUN) -m twisted.trial -j2 --temp-directory=_trial_temp_together $(TOGETHER)

alone: $(TESTED) compiled
	$(RUN) -m twisted.trial --temp-directory=_trial_temp_alone $(ALONE)

# The tests start a thousand processes; where PYTHONDONTWRITEBYTECODE is set, each would compile anew.
compiled: $(TESTED)
	$(RUN) -m compileall -q txdicomtls tests twisted

check: style types imports docs  ## style, types, import directions and documentation

style: $(DEVELOPED)
	$(RUN) -m ruff check --output-format concise
	$(RUN) -m ruff format --check

types: $(DEVELOPED)
	$(RUN) -m mypy

imports: $(DEVELOPED)
	$(RUN) -m twisted.trial tests.test_imports

docs: $(DEVELOPED)  ## the documentation, in docs/_build/html
	$(SPHINX) docs docs/_build/html

bench: $(TESTED)  ## measure against DCMTK and pynetdicom
	$(RUN) bench/run.py

legacy:  ## the retired profiles of PS3.15, really spoken; builds an OpenSSL, needs Debian 12
	contrib/legacy/build
	contrib/legacy/run python contrib/legacy/prove.py

clean:  ## remove all that was made here
	rm -rf $(VENV) build dist docs/_build docs/_generated .demo .serve .bench .legacy .hypothesis
	rm -rf _trial_temp* .mypy_cache .ruff_cache twisted/plugins/dropin.cache
	find bench contrib docs examples tests twisted txdicomtls -name __pycache__ -prune -exec rm -rf {} +

$(RUN):
	$(PYTHON) -m venv $(VENV)

$(TESTED): pyproject.toml | $(RUN)
	$(PIP) --editable '.[test]'
	@touch $@

$(DEVELOPED): pyproject.toml | $(RUN)
	$(PIP) --editable '.[test,dev]'
	@touch $(TESTED) $@
