# make demo    the main job on real input: one airport list, two releases
# make shell   the shell; DB=FILE opens a file, otherwise the store is in memory
# make bench   measures against SQLite, LMDB and RocksDB (ARGS="--help"); bench-slow does on a slow disk
# make test    everything that must hold (make lint test is the whole gate)
# make soak    more of the same for SECONDS, on from where it last stopped
# make tsan    the suites with many threads under the thread sanitizer
# make fuzz    libFuzzer on SQL text, CSV, JSON, database files and logs, SECONDS each
# Each target first installs what is missing, or says what to install.

SHELL := /bin/bash
SWIFT ?= swift
# Tests are built with optimisation (the heavy suites need it) in a folder of their own, so that a test
# run does not undo the release build. UPKEEP_PLANTS compiles the mistakes in that the tests must find.
TEST_FLAGS := -c release -Xswiftc -enable-testing -Xswiftc -DUPKEEP_PLANTS --scratch-path .build-tests

# The program: on Linux with Swift's own libraries within it, where the toolchain has them for that. It then starts in less
# than half of the time, and runs where there is no Swift. (On macOS they are part of the system.)
STATIC_LIBRARIES = $(wildcard $(shell $(SWIFT) -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1_static\/linux/p'))
PROGRAM_FLAGS = -c release --product upkeep $(if $(STATIC_LIBRARIES),--static-swift-stdlib)

.PHONY: demo shell build test lint format soak tsan fuzz bench bench-slow need need-sqlite need-peers clean

demo: need
	@.ci/need sqlite || true
	$(SWIFT) build $(PROGRAM_FLAGS)
	@.ci/demo "$$($(SWIFT) build -c release --show-bin-path)/upkeep"

shell: build
	@"$$($(SWIFT) build -c release --show-bin-path)/upkeep" $(DB)

build: need
	$(SWIFT) build $(PROGRAM_FLAGS)

test: need need-sqlite
	.ci/strict-build $(SWIFT) build --build-tests $(TEST_FLAGS)
	$(if $(FILTER),,UPKEEP_WHOLE=1) .ci/postgres $(SWIFT) test $(TEST_FLAGS) --skip-build $(if $(FILTER),--filter '$(FILTER)')

# Sequences of three operations and programs made by chance, with power loss and failures everywhere, for SECONDS on
# THREADS (all processors, if not given); goes on where it last stopped.
soak: SECONDS ?= 60
soak: need need-sqlite
	$(SWIFT) build --build-tests $(TEST_FLAGS)
	UPKEEP_SOAK_SECONDS=$(SECONDS) $(if $(THREADS),UPKEEP_SOAK_THREADS=$(THREADS)) UPKEEP_SOAK_FILE=$(CURDIR)/.build-soak/state \
	  $(SWIFT) test $(TEST_FLAGS) --skip-build --filter SoakTests.forAsLongAsTold

# The suites with many threads, under the thread sanitizer, for SECONDS or a little longer: of the four stores that all
# threads use at once, two at a time.
tsan: SECONDS ?= 120
tsan: need need-sqlite
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build-tsan
	SWIFT_BACKTRACE=enable=no UPKEEP_THREAD_SECONDS=$$(($(SECONDS) / 2)) \
	  $(SWIFT) test --sanitize=thread --scratch-path .build-tsan --skip-build \
	  --filter 'ThreadTests|BackgroundTests|GroupCommitTests|TaskWriteTests|StorageHistoryTests|SimulationTests.HistoryTests'

# libFuzzer on each subject for SECONDS; what it found worth keeping is in .build-fuzz/corpus, what broke in .build-fuzz.
fuzz: SECONDS ?= 300
fuzz: SUBJECTS ?= sql csv json image log
fuzz: need
	UPKEEP_FUZZ=1 $(SWIFT) build -c release --sanitize fuzzer --product UpkeepFuzz -Xswiftc -DUPKEEP_PLANTS --scratch-path .build-fuzz
	@set -e; for subject in $(SUBJECTS); do mkdir -p .build-fuzz/corpus/$$subject; \
	  UPKEEP_FUZZ_SUBJECT=$$subject .build-fuzz/release/UpkeepFuzz .build-fuzz/corpus/$$subject -max_total_time=$(SECONDS) \
	    -timeout=10 -rss_limit_mb=1024 -max_len=600 -artifact_prefix=.build-fuzz/$$subject- -print_final_stats=1; done

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests $(wildcard Benchmarks/Package.swift Benchmarks/Sources)

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests $(wildcard Benchmarks/Package.swift Benchmarks/Sources)

# Everything against SQLite, LMDB and RocksDB; ARGS="--help" tells what can be chosen.
bench: need-peers
	$(SWIFT) build -c release --package-path Benchmarks
	@"$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/UpkeepBenchmarks" $(ARGS)

# The commits that are synced, as if every sync took DELAY microseconds longer, for all engines alike. Linux only.
DELAY ?= 8000
SLOW_ARGS := --rows 100000 --rounds 3 --name slow --only "one-row commits, synced"
bench-slow: need-peers
	@.ci/need cc
	$(SWIFT) build -c release --package-path Benchmarks
	$(CC) -O2 -Wall -Wextra -shared -fPIC -o Benchmarks/.build/slow-sync.so Benchmarks/SlowSync/slow-sync.c -ldl
	@SLOW_SYNC_MICROSECONDS=$(DELAY) LD_PRELOAD="$(CURDIR)/Benchmarks/.build/slow-sync.so" \
	  "$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/UpkeepBenchmarks" $(SLOW_ARGS) $(ARGS)

need:
	@.ci/need lz4 edit zlib

need-sqlite:
	@.ci/need sqlite

need-peers: need
	@.ci/need sqlite lmdb rocksdb

clean:
	rm -rf .build .build-tests Benchmarks/.build
