# `make demo` and `make test` are all that a fresh machine needs, beside Python 3.11 or newer.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Without --no-compile, pip would compile 17,000 files, of which few are ever imported: a minute.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-compile -c constraints.txt
# Python compiles what it imports, once: where this variable is set, every process would do so anew, for many seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo review test quick coverage lint types js format docs release-check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/offline.stamp ## install, audit the bundled sample offline, say where the report is
	$(BIN)/auditor demo
	@echo 'Judge them in the browser: make review'

review: $(VENV)/offline.stamp ## judge the sample's suspects in the browser
	$(BIN)/auditor demo --quiet >/dev/null
	$(BIN)/auditor review demo

test: $(VENV)/dev.stamp ## install with the test tools, run the whole test suite
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

quick: $(VENV)/dev.stamp ## install with the test tools, run what needs no browser, no training and no killing
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m 'not browser and not slow'

coverage: $(VENV)/dev.stamp ## the share of the code, and of its branches, that the quick tests run; slower than they are
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m 'not browser and not slow' --cov

lint: $(VENV)/dev.stamp ## check style, format and spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell auditor ui docs *.md

types: $(VENV)/dev.stamp ## check types
	$(BIN)/mypy

js: node_modules/made.stamp ## check the types of the page's scripts, and run Node's tests of them; takes Node 20
	npm run --silent types
	npm test --silent

format: $(VENV)/dev.stamp ## fix style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/docs.stamp ## build the site of the documentation into build/site; broken links fail
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo 'Open build/site/index.html'

release-check: ## build the package, install it elsewhere, and use it there
	.ci/release-check

clean: ## remove what make and the tools have made; runs stay
	rm -rf $(VENV) node_modules build dist *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find auditor ui tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: an environment is made once, and brought up to date when what it is made from changes.
$(VENV)/made.stamp:
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/offline.stamp: pyproject.toml constraints.txt | $(VENV)/made.stamp
	$(INSTALL) -e '.[offline,ui]'
	touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/made.stamp
	$(INSTALL) -e '.[offline,ui,postgres,dev,docs]'
	touch $@ $(VENV)/offline.stamp

$(VENV)/docs.stamp: pyproject.toml constraints.txt | $(VENV)/made.stamp
	$(INSTALL) -e '.[offline,ui,docs]'
	touch $@ $(VENV)/offline.stamp

node_modules/made.stamp: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	touch $@
