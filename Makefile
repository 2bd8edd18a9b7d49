# Short names for what meson and the tools do. On a bare Debian 12 `make demo` and `make test` do all of their own set-up.
BUILD ?= build
MESON_ARGS := $(if $(DUCKDB_DIR),-Dduckdb_dir=$(abspath $(DUCKDB_DIR)))
FUZZ_SECONDS ?= 60

DIFF_ROUNDS ?= 400

.PHONY: all setup web screenshots test test-long difftest demo bench fuzz lint format clean

all: setup web $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: | setup
	meson setup $(BUILD) $(MESON_ARGS)

setup:
	tools/setup.sh

# The pages, into web/dist; nothing is done when they are up to date.
web: setup
	tools/web.sh

# Every page, light and dark, Chinese and English, wide and narrow, into web/screenshots.
screenshots: all
	node web/tests/screenshots.mjs $(BUILD)/src/shouhu web/screenshots

# After all: meson test builds the test programs only, not the library that the kill tests preload.
test: all
	python3 tools/run-tests.py $(BUILD) --no-suite long

# The slow suites too, and every random test with many more rounds.
test-long: all
	SH_TEST_LONG=1 python3 tools/run-tests.py $(BUILD) --timeout-multiplier 20

# Random rules over random small lakes in every executor, from a new seed that is printed; a disagreement is made small
# and written to build/difftest: make difftest DIFF_ROUNDS=2000 CHECK_SEED=7
difftest: all
	mkdir -p $(BUILD)/difftest
	CHECK_SEED=$${CHECK_SEED:-$$(date +%s)} SHOUHU_DIFF_ROUNDS=$(DIFF_ROUNDS) SHOUHU_DIFF_GO_ON=1 SHOUHU_SOURCE_DIR=. \
		SHOUHU_DIFF_OUT=$(BUILD)/difftest $(BUILD)/tests/test-audit-difftest
	CHECK_SEED=$${CHECK_SEED:-$$(date +%s)} SHOUHU_DIFF_ROUNDS=$(DIFF_ROUNDS) SHOUHU_DIFF_GO_ON=1 SHOUHU_SOURCE_DIR=. \
		$(BUILD)/tests/test-audit-difflayers

demo: setup web $(BUILD)/build.ninja
	ninja -C $(BUILD) src/shouhu
	tools/demo.sh $(BUILD)/src/shouhu

# Against tuned SQL on DuckDB, the same two threads, in an optimised build of its own; see bench/README.md:
#   make bench LINES=20000000 RUNS=5 TRIPLE=1
LINES ?= 20000000
RUNS ?= 5
BENCH_BUILD ?= build-release
bench: setup
	@[ -f $(BENCH_BUILD)/build.ninja ] || meson setup $(BENCH_BUILD) $(MESON_ARGS) --buildtype=release
	ninja -C $(BENCH_BUILD) all $(addprefix bench/bench-,read engine claim sql)
	$(BENCH_BUILD)/bench/bench-expr
	$(BENCH_BUILD)/bench/bench-records
	python3 bench/store.py $(BENCH_BUILD)
	python3 bench/run.py $(BENCH_BUILD) --lines $(LINES) --runs $(RUNS) $(if $(TRIPLE),--triple)

# Each target for FUZZ_SECONDS; new inputs go to build-fuzz/corpus, those worth keeping are copied into fuzz/corpus.
fuzz: setup
	@[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz $(MESON_ARGS) -Dfuzz=true \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-fuzz
	tools/fuzz.sh build-fuzz $(FUZZ_SECONDS)

lint: setup $(BUILD)/build.ninja
	tools/lint.sh $(BUILD)

format:
	git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' ':!third_party' | xargs -0 -r clang-format -i

clean:
	rm -rf build build-* demo web/dist web/screenshots
