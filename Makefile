# Short names for what meson and the tools do. Two commands on a bare Debian 12: make setup && make test
BUILD ?= build
MESON_ARGS := $(if $(DUCKDB_DIR),-Dduckdb_dir=$(abspath $(DUCKDB_DIR)))
FUZZ_SECONDS ?= 60

.PHONY: all setup test test-long demo bench fuzz lint format clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo "meson is missing: run make setup first"; exit 1; }
	meson setup $(BUILD) $(MESON_ARGS)

setup:
	tools/setup.sh

test: all
	python3 tools/run-tests.py $(BUILD) --no-suite long

test-long: all
	python3 tools/run-tests.py $(BUILD)

demo: all
	tools/demo.sh $(BUILD)/src/shouhu

bench: all
	meson test -C $(BUILD) --benchmark --verbose

# Each target for FUZZ_SECONDS; new inputs go to build-fuzz/corpus, those worth keeping are copied into fuzz/corpus.
fuzz:
	@[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz $(MESON_ARGS) -Dfuzz=true \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-fuzz
	tools/fuzz.sh build-fuzz $(FUZZ_SECONDS)

lint: $(BUILD)/build.ninja
	tools/lint.sh $(BUILD)

format:
	git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' ':!third_party' | xargs -0 -r clang-format -i

clean:
	rm -rf build build-*
