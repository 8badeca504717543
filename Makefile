# SPDX-License-Identifier: Apache-2.0
# Every target of zabd; `make help` lists them.  A module is a file
# NAME.c in daemon, storage, net, election or tools: nothing is listed here.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := all

CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
BUILD    ?= build
OPT      ?= -O2
WARN     := -Wall -Wextra -Werror -Wshadow -Wconversion -Wmissing-prototypes \
            -Wstrict-prototypes -Wpointer-arith -Wcast-qual
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE
# libev's own header trips strict aliasing warnings; its manual says so.
CFLAGS   += -std=c11 -g $(OPT) -fno-strict-aliasing -fno-omit-frame-pointer \
            -pipe $(WARN) $(SAN)
LDFLAGS  += $(SAN)
LDLIBS   := -lev -llmdb -lzstd -lz -lsnappy -lxxhash -lcrypto -lsystemd \
            -lmicrohttpd -ljansson -lm

FOLDERS  := daemon storage net election
SERVER_C := $(filter-out daemon/main.c,$(wildcard $(FOLDERS:%=%/*.c)))
SERVER_O := $(SERVER_C:%.c=$(BUILD)/obj/%.o)
LIB      := $(BUILD)/libzabd.a

# A tool of its own is one file; the rest of tools/ is `zab`.
OWN_TOOLS := bareserver
ZAB_C    := $(filter-out $(OWN_TOOLS:%=tools/%.c),$(wildcard tools/*.c))
ZAB_O    := $(ZAB_C:%.c=$(BUILD)/obj/%.o)

UNIT_C   := $(filter-out tests/unit/unit.c,$(wildcard tests/unit/test_*.c))
ifdef T
UNIT_C   := tests/unit/test_$(T).c
endif
UNIT_O   := $(UNIT_C:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/tests/unit/unit.o

all: $(BUILD)/zabd $(BUILD)/zab $(OWN_TOOLS:%=$(BUILD)/%) ## build zabd and zab

$(BUILD)/zabd: $(BUILD)/obj/daemon/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/zab: $(ZAB_O) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OWN_TOOLS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/tools/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(SERVER_O)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# --- tests ------------------------------------------------------------------

# The suites found become one list of calls.
$(BUILD)/gen/suites.h: $(UNIT_C) Makefile
	@mkdir -p $(@D)
	@printf 'SUITE(%s)\n' $(UNIT_C:tests/unit/test_%.c=%) > $@.new
	@cmp -s $@.new $@ || mv $@.new $@

$(BUILD)/obj/tests/unit/unit.o: $(BUILD)/gen/suites.h

$(BUILD)/unit$(if $T,-$T): $(UNIT_O) \
    $(filter-out $(BUILD)/obj/tools/zab.o,$(ZAB_O)) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcunit $(LDLIBS)

unit: $(BUILD)/unit$(if $T,-$T) ## CUnit tests; T=name runs one suite
	$(BUILD)/unit$(if $T,-$T)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | \
	    awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

clean: ## remove what was built
	rm -rf $(BUILD)

.PHONY: all unit help clean

-include $(SERVER_O:.o=.d) $(ZAB_O:.o=.d) $(UNIT_O:.o=.d)
