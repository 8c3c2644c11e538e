# make demo    the main job on real input: one airport list, two releases
# make shell   the shell; DB=FILE opens a file, otherwise the store is in memory
# make test    everything that must hold (make lint test is the whole gate)
# Each target first installs what is missing, or says what to install.

SHELL := /bin/bash
SWIFT ?= swift
# Tests are built with optimisation (the heavy suites need it) in a folder of their own, so that a test
# run does not undo the release build.
TEST_FLAGS := -c release -Xswiftc -enable-testing --scratch-path .build-tests

.PHONY: demo shell build test lint format bench need need-sqlite clean

demo: need
	@.ci/need sqlite || true
	$(SWIFT) build -c release --product upkeep
	@.ci/demo "$$($(SWIFT) build -c release --show-bin-path)/upkeep"

shell: build
	@"$$($(SWIFT) build -c release --show-bin-path)/upkeep" $(DB)

build: need
	$(SWIFT) build -c release --product upkeep

test: need need-sqlite
	.ci/strict-build $(SWIFT) build --build-tests $(TEST_FLAGS)
	$(SWIFT) test $(TEST_FLAGS) --skip-build $(if $(FILTER),--filter $(FILTER))

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests $(wildcard Benchmarks/Package.swift Benchmarks/Sources)

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests $(wildcard Benchmarks/Package.swift Benchmarks/Sources)

bench: need need-sqlite
	$(SWIFT) run -c release --package-path Benchmarks $(if $(BENCH),$(BENCH),UpkeepBenchmarks) $(ARGS)

need:
	@.ci/need lz4

need-sqlite:
	@.ci/need sqlite

clean:
	rm -rf .build .build-tests Benchmarks/.build
