# make demo: build the environment, run the main job on sample_data/. make test: run the tests. Where there is no make:
# python -m make demo
PYTHON ?= python3

.PHONY: demo test test-slow check
demo test test-slow check:
	@$(PYTHON) -m make $@
