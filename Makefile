# skein: `make help` lists the targets. Objects and programs live in build/<mode>/.
MODE ?= release
BUILD := build/$(MODE)
MARCH ?= native
CC ?= cc
CXX ?= c++

rooms := autograd optim data infer train
warnings := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
# No fast-math: NaN traps and reproducible sums matter in training.
flags_release := -O3 -march=$(MARCH)
flags_sanitize := -O1 -g -march=$(MARCH) -fsanitize=address,undefined -fno-sanitize-recover=all \
  -fno-omit-frame-pointer
flags_debug := -O0 -g
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -I. -MMD -MP -fopenmp $(warnings) $(flags_$(MODE)) $(CFLAGS)
CXXFLAGS_ALL := -std=c++17 -I. -MMD -MP -Wall -Wextra -Wshadow $(flags_$(MODE)) $(CXXFLAGS)
LIBS := -lopenblas -lyaml -ljansson -lzstd -lcrypto -lsentencepiece_train -lsentencepiece \
  -lstdc++ -lpthread -lm

lib_sources := $(foreach room,$(rooms),$(wildcard $(room)/*.c $(room)/*.cc))
tool_sources := $(wildcard tools/*.c)
test_programs := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
test_support := $(filter-out tests/test_%.c,$(wildcard tests/*.c))
object = $(addprefix $(BUILD)/,$(addsuffix .o,$(basename $(1))))

.PHONY: all test clean help
all: $(BUILD)/skein ## build the program (MODE=release|sanitize|debug)

$(BUILD)/skein: $(call object,$(tool_sources)) $(BUILD)/libskein.a
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(BUILD)/libskein.a: $(call object,$(lib_sources))
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS_ALL) -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(call object,$(test_support)) $(BUILD)/libskein.a
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) -lcmocka $(LIBS)

.SECONDARY:
test: $(test_programs) ## run the tests
	@set -e; for t in $(test_programs); do echo "== $$t"; $$t; done

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | sort

-include $(shell find build/$(MODE) -name '*.d' 2>/dev/null)
