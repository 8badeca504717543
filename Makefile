# SPDX-License-Identifier: Apache-2.0
# Every target of zabd; `make help` lists them.  A module is a file NAME.c in
# daemon, storage, net, election, tools or a folder of theirs: nothing is listed
# here.
# `make V=1` shows the commands.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := all

CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
BUILD    ?= build
OPT      ?= -O2
# For x86 at large gcc clears structs by `rep stos`, which takes 30 cycles to
# begin; for this one it stores.  Both run on any.
TUNE     := $(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),-mtune=skylake)
WARN     := -Wall -Wextra -Werror -Wshadow -Wconversion -Wmissing-prototypes \
            -Wstrict-prototypes -Wpointer-arith -Wcast-qual
CPPFLAGS += -I. -D_GNU_SOURCE
# libev's own header trips strict aliasing warnings; its manual says so.
CFLAGS   += -std=c11 -g $(OPT) $(TUNE) -fno-strict-aliasing \
            -fno-omit-frame-pointer -pipe $(WARN) $(SAN)
LDFLAGS  += $(SAN)
LDLIBS   := -lev -llmdb -lzstd -lz -ldeflate -lcrypto -lsystemd \
            -lmicrohttpd -ljansson -lm

FOLDERS  := daemon storage net election
SERVER_C := $(filter-out daemon/main.c, \
    $(wildcard $(FOLDERS:%=%/*.c) $(FOLDERS:%=%/*/*.c)))
SERVER_O := $(SERVER_C:%.c=$(BUILD)/obj/%.o)
LIB      := $(BUILD)/libzabd.a

# A tool of its own is one file; the rest of tools/ is `zab`.
OWN_TOOLS := bareserver
ZAB_C    := $(filter-out $(OWN_TOOLS:%=tools/%.c), \
    $(wildcard tools/*.c tools/*/*.c))
ZAB_O    := $(ZAB_C:%.c=$(BUILD)/obj/%.o)

ifndef V
say = @printf '  %-5s %s\n' $(1) $(2);
endif
link = $(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $^

# --- building ---------------------------------------------------------------

all: $(BUILD)/zabd $(BUILD)/zab $(OWN_TOOLS:%=$(BUILD)/%) ## build zabd and zab

clang: ## the same by clang, and are its cores pure too?
	$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=clang all test-programs unit check-pure

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n -e 's/^# --- \([^-]*\) -*$$/\n\1/p' \
	    -e 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | \
	    awk -F'\t' 'NF < 2; NF == 2 {printf "  make %-15s %s\n", $$1, $$2}'

$(BUILD)/zabd: $(BUILD)/obj/daemon/main.o $(LIB)
	$(link) $(LDLIBS)

$(BUILD)/zab: $(ZAB_O) $(LIB)
	$(link) $(LDLIBS)

$(OWN_TOOLS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/tools/%.o $(LIB)
	$(link) $(LDLIBS)

$(LIB): $(SERVER_O)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# --- trying it out, and installing ------------------------------------------

run: ## install what is missing, build, serve on port 2181
	@tools/packages build
	@$(MAKE) --no-print-directory -j2 all
	@$(BUILD)/zabd

run-ensemble: ## three servers on ports 2181 to 2183, to play with
	@tools/packages build
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(BUILD) tools/run-ensemble

PREFIX ?= /usr/local
install: all ## binaries, systemd unit, sample configuration; takes DESTDIR
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)/etc/zookeeper/conf $(DESTDIR)/usr/lib/systemd/system \
	    $(DESTDIR)/usr/lib/sysusers.d
	install -m 755 $(BUILD)/zabd $(DESTDIR)$(PREFIX)/sbin/zabd
	install -m 755 $(BUILD)/zab $(DESTDIR)$(PREFIX)/bin/zab
	sed 's|/usr/sbin/zabd|$(PREFIX)/sbin/zabd|' systemd/zabd.service \
	    > $(DESTDIR)/usr/lib/systemd/system/zabd.service
	install -m 644 systemd/sysusers.conf \
	    $(DESTDIR)/usr/lib/sysusers.d/zabd.conf
	test -e $(DESTDIR)/etc/zookeeper/conf/zoo.cfg || \
	    install -m 644 etc/zoo.cfg $(DESTDIR)/etc/zookeeper/conf/zoo.cfg

# --- before every commit ----------------------------------------------------

unit: $(BUILD)/unit$(if $T,-$T) ## CUnit tests; T=name runs one suite
	$(BUILD)/unit$(if $T,-$T)

sim: $(BUILD)/sim ## one simulated ensemble; SEED=0x51f7 RUNS=n ONLY=election V=1
	$(BUILD)/sim $(if $(V),-v) $(if $(ONLY),-e) \
	    $(if $(SIM_SECONDS),-t $(SIM_SECONDS),-n $(RUNS)) $(SEED)

SOURCES = $(shell git ls-files '*.c' '*.h')

format: ## apply the house's look to every source
	clang-format -i $(SOURCES)

format-check: ## fail if `make format` would change something
	@clang-format --dry-run -Werror $(SOURCES)

check-layers: ## includes point down
	@tools/check-layers

check-pure: $(LIB) ## the cores do no I/O, no allocation, read no clock
	@tools/check-pure $(BUILD)/obj

SCRIPTS = $(sort $(shell git ls-files '*.py'; git grep -l '^\#!/usr/bin/python3'))

# A file of cases is imported for what it does meanwhile.
check-scripts: ## no script uses a name that it does not have
	@command -v pyflakes3 >/dev/null && ! pyflakes3 $(SCRIPTS) | grep -v 'imported but unused'

check-docs: ## what READMEs name there is, and they name all there is
	@tools/check-docs

# The suites found become one list of calls, one each for every T.
UNIT_C   := $(if $T,tests/unit/test_$T.c,$(wildcard tests/unit/test_*.c))
UNIT_GEN := $(BUILD)/gen/unit$(if $T,-$T)
UNIT_O   := $(UNIT_C:%.c=$(BUILD)/obj/%.o) $(UNIT_GEN)/unit.o

$(UNIT_GEN)/suites.h: $(UNIT_C) Makefile
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(UNIT_C:tests/unit/test_%.c=%) > $@.new
	@cmp -s $@.new $@ || mv $@.new $@

$(UNIT_GEN)/unit.o: tests/unit/unit.c $(UNIT_GEN)/suites.h
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -I$(UNIT_GEN) $(CFLAGS) -c -o $@ $<

$(BUILD)/unit$(if $T,-$T): $(UNIT_O) \
    $(filter-out $(BUILD)/obj/tools/zab.o,$(ZAB_O)) $(LIB)
	$(link) -lcunit $(LDLIBS)

# The simulator: the pure cores, and nothing else of the server.
SIM_O    := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/sim/*.c))
CORES    := $(shell sed 's/\#.*//' tools/pure-cores | awk 'NF {print $$1}')
SEED     ?= 1
RUNS     ?= 1

$(BUILD)/sim: $(SIM_O) $(CORES:%=$(BUILD)/obj/%.o)
	$(link) -ldeflate -lm

# Programs that tests drive from outside (tests/live/lib/programs.py): on the
# library, on Debian's C client, or loaded into a server.
ON_LIB    := ensemble/election/node powercut/orders_tool storage/storage_tool
ON_CLIENT := faults/client live/c_client
INTO      := faults/clock powercut/shim
PROGRAMS  := $(ON_LIB) $(ON_CLIENT) $(INTO:%=%.so)
test-programs: $(PROGRAMS:%=$(BUILD)/tests/%) ## what tests drive from outside

$(ON_LIB:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(LIB)
	@mkdir -p $(@D)
	$(link) $(LDLIBS)

$(ON_CLIENT:%=$(BUILD)/obj/tests/%.o): CPPFLAGS += -DTHREADED
$(ON_CLIENT:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o
	@mkdir -p $(@D)
	$(link) -lzookeeper_mt

$(INTO:%=$(BUILD)/obj/tests/%.o): CFLAGS += -fPIC
$(INTO:%=$(BUILD)/tests/%.so): $(BUILD)/tests/%.so: $(BUILD)/obj/tests/%.o
	@mkdir -p $(@D)
	$(link) -shared

# --- the gate, and its layers -----------------------------------------------

check: ## install what is missing, build, pass the tests
	@tools/packages build test
	@tests/check short

check-long: ## the longer campaigns too
	@tools/packages build test long
	@tests/check long

# Where every access is checked.  gcc's guesses about the length of texts are
# wrong where a sanitizer stands between.
CHECKED  := -fsanitize=address,undefined -fno-sanitize-recover=all

unit-asan: ## the unit tests under ASan and UBSan, with costly checks
	$(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPT=-O1 \
	    SAN='$(CHECKED) -Wno-format-truncation -Wno-stringop-overflow \
	    -DCHECK_SLOW' unit

sim-mutants: $(BUILD)/sim ## the simulator finds every deliberate fault
	CC='$(CC)' tests/sim/mutants/run $(BUILD)

FUZZ_SECONDS ?= 5

fuzz: ## libFuzzer on every decoder, FUZZ_SECONDS each
	$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz-obj CC=clang OPT=-O1 \
	    SAN='-fsanitize=fuzzer-no-link $(CHECKED)' fuzz-build
	tests/fuzz/run $(BUILD)/fuzz-obj/fuzz $(FUZZ_SECONDS)

FUZZ_C   := $(wildcard tests/fuzz/fuzz_*.c)
fuzz-build: $(FUZZ_C:tests/fuzz/%.c=$(BUILD)/fuzz/%)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(link) -fsanitize=fuzzer $(LDLIBS)

conform: all ## the client protocol, judged by Apache ZooKeeper beside us
	tests/conform/run

live: all ## off-the-shelf clients at their normal work
	tests/live/run short

faults: all ## processes killed and stopped under load
	tests/faults/run short
	tests/faults/clock
	tests/faults/around
	tests/faults/reload
	tests/faults/extremes
	tests/faults/lies

ensemble: all ## ensembles of real servers, alone and mixed with Apache's
	tests/ensemble/run short

disk: all ## data directories in both directions, power cuts, full disks
	tests/storage/run
	tests/powercut/run short
	tests/powercut/starts short
	tests/powercut/orders short
	tests/powercut/faults

# --- measuring --------------------------------------------------------------

bench: all ## against Apache ZooKeeper and a bare server
	tools/bench-table

bench-ensemble: all ## three servers beside three of Apache ZooKeeper
	tools/bench-ensemble

bench-envelope: all ## 10 M znodes, 100 k sessions, 10 M watches
	tools/bench-envelope

# ----------------------------------------------------------------------------

# What has a line of help is no file.
.PHONY: fuzz-build \
    $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
