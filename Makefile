# Makefile - build, test and install moulette; `make help` lists the targets.
V       ?= release
FUZZ_SECONDS ?= 30
O       ?= build/$(V)
WERROR  ?=
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

# The beginning of the names of a cross compiler's programs, as aarch64-linux-gnu-; make check-arm64.
CROSS      ?=
CC.release := $(CROSS)gcc
CC.debug   := gcc
CC.clang   := clang
CC.asan    := clang
CC.cov     := gcc
CC.fuzz    := clang
comma      := ,
F.release  := -O2 -g -D_FORTIFY_SOURCE=2
F.debug    := -O0 -g
F.clang    := -O2 -g
F.asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
F.cov      := -O0 -g --coverage -fprofile-abs-path
F.fuzz     := $(F.asan) -fsanitize=fuzzer-no-link -DMOULETTE_FUZZ
$(if $(CC.$(V)),,$(error V=$(V): not one of release debug clang asan cov fuzz))
$(if $(filter /%,$(PREFIX)),,$(error PREFIX=$(PREFIX): an absolute path is compiled in))

STAGES  ?= base child model archive submission unpack image import recipe bundle network container cell result store report pipeline cmd
PKGS    := libseccomp libcap json-c libarchive zlib nettle sqlite3 smartcols libnl-route-3.0
CC       = $(CC.$(V))
# Expanded once: each compiler call would ask again. Headers of others are no business of our warnings.
PKG_CPPFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
DATADIR    := $(PREFIX)/share/moulette
LIBEXECDIR := $(PREFIX)/libexec/moulette
CPPFLAGS = -D_GNU_SOURCE -Irunner -Itests -I$(O) -DMOULETTE_VERSION='"$(VERSION)"' -DMOULETTE_DATADIR='"$(DATADIR)"' \
           -DMOULETTE_LIBEXECDIR='"$(LIBEXECDIR)"' $(PKG_CPPFLAGS)
WARN     = -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
WARN    += $(if $(filter %gcc,$(CC)),-Wno-format-truncation)
CFLAGS   = -std=c11 $(WARN) -fstack-protector-strong -fPIE $(F.$(V))
LDFLAGS  = -pie -Wl,-z,relro,-z,now $(F.$(V)) $(if $(filter cov,$(V)),-Wl$(comma)--wrap=_exit)
LDLIBS   = $(shell pkg-config --libs $(PKGS)) -lm

LIB  := $(foreach s,$(STAGES),$(patsubst %.c,$(O)/%.o,$(sort $(wildcard runner/$s/*.c)))) \
	$(if $(filter cov,$(V)),$(O)/tests/cov/exit.o)
# A program of its own, which only its tests share with ours.
BENCH := $(patsubst %.c,$(O)/%.o,$(filter-out tests/bench/main.c,$(sort $(wildcard tests/bench/*.c))))
# Fuzzers are of several stages: with some of these alone there are none.
FUZZ_SRC := $(if $(filter cmd,$(STAGES)),$(sort $(wildcard tests/fuzz/fuzz_*.c)))
UNIT_SRC := $(sort $(foreach s,$(STAGES) bench $(if $(FUZZ_SRC),fuzz),$(wildcard tests/unit/test_$(s)_*.c)))
UNIT := $(patsubst %.c,$(O)/%.o,$(UNIT_SRC) $(FUZZ_SRC)) $(O)/tests/unit/main.o

SHELLS := bash zsh fish
MAN    := $(wildcard runner/man/*.[15])
JOBS   := -j$(shell nproc 2>/dev/null || echo 2)

HELPERS := $(O)/moulette-init $(O)/moulette-unpack $(O)/moulette-image
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/%)

all: $(if $(filter fuzz,$(V)),$(FUZZERS),$(O)/moulette $(HELPERS)) ## build the program and its helpers

# Each only with what it calls, and no library that nobody needs: they cost every start.
$(O)/moulette: $(O)/runner/main.o
$(O)/moulette-unpack: $(O)/runner/unpack_main.o
$(O)/moulette-image: $(O)/runner/image_main.o
$(O)/moulette $(O)/moulette-unpack $(O)/moulette-image: $(O)/moulette.a
	$(CC) $(LDFLAGS) -Wl,--as-needed -o $@ $(filter %main.o,$^) $< $(LDLIBS)
$(O)/moulette.a: $(LIB)
	rm -f $@
	$(CROSS)ar rcs $@ $^
$(O)/bench: $(O)/tests/bench/main.o $(BENCH) $(filter $(O)/runner/base/% $(O)/tests/cov/%,$(LIB))
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# PID 1 of every box: static, so that it runs in any image, and never instrumented.
$(O)/moulette-init: $(wildcard runner/init/*.[ch]) Makefile
	@mkdir -p $(@D)
	$(CROSS)gcc -std=c11 -D_GNU_SOURCE -Irunner $(WARN) -O2 -fstack-protector-strong -static -s -o $@ $(filter %.c,$^)
$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
# Where the data will lie is compiled in: another PREFIX than last time rebuilds what knows it.
$(O)/prefix: $(if $(filter $(PREFIX),$(file <$(O)/prefix)),,FORCE)
	@mkdir -p $(@D)
	@echo '$(PREFIX)' >$@
$(O)/runner/model/places.o: $(O)/prefix
$(O)/%.service: scripts/%.service.in $(O)/prefix
	sed 's|@PREFIX@|$(PREFIX)|g' $< >$@
# The words of the completions are those of the program's own table.
$(O)/completions/moulette.%: $(O)/moulette scripts/completions.sh
	@mkdir -p $(@D)
	scripts/completions.sh $* $< >$@.new
	mv $@.new $@
# Every tests/unit/test_X.c defines `Suite *suite_X(void)`; the list is made of their names.
$(O)/suites.inc: $(UNIT_SRC)
	@mkdir -p $(@D)
	for f in $(patsubst tests/unit/test_%.c,%,$(UNIT_SRC)); do echo "SUITE($$f)"; done >$@
$(O)/tests/unit/main.o: $(O)/suites.inc
# The unit tests replay the corpus of each fuzzer.
$(O)/fuzzers.inc: $(FUZZ_SRC)
	@mkdir -p $(@D)
	for f in $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%); do echo "FUZZER($$f)"; done >$@
$(O)/tests/unit/test_fuzz_replay.o: $(O)/fuzzers.inc
$(FUZZERS): $(O)/%: $(O)/tests/fuzz/%.o $(O)/moulette.a
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
# Tests of unpack/ and cell/ start these programs themselves.
$(O)/unit: $(UNIT) $(LIB) $(BENCH) | $(if $(filter unpack,$(STAGES)),$(O)/moulette-unpack) \
	$(if $(filter cell,$(STAGES)),$(O)/moulette-init)
	$(CC) $(LDFLAGS) -o $@ $(UNIT) $(LIB) $(BENCH) $(LDLIBS) $(shell pkg-config --libs check)

install: all $(SHELLS:%=$(O)/completions/moulette.%) $(O)/moulette-batch@.service ## copy everything to DESTDIR and PREFIX
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(LIBEXECDIR) $(DATADIR)/profiles $(DATADIR)/bundles)
	install -m 755 $(O)/moulette $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(HELPERS) $(DESTDIR)$(LIBEXECDIR)/
	install -m 644 profiles/*.json $(DESTDIR)$(DATADIR)/profiles/
	cd bundles && find . -type f -exec sh -ec 'for f; do install -D -m 644 "$$f" "$$0/$$f"; done' \
		$(abspath $(DESTDIR)$(DATADIR)/bundles) {} +
	for f in $(MAN); do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/} || exit 1; done
	install -D -m 644 $(O)/completions/moulette.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/moulette
	install -D -m 644 $(O)/completions/moulette.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_moulette
	install -D -m 644 $(O)/completions/moulette.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/moulette.fish
	install -D -m 644 $(O)/moulette-batch@.service $(DESTDIR)$(PREFIX)/lib/systemd/system/moulette-batch@.service

# What install puts below PREFIX, and the folders that are nobody else's, the deepest first.
INSTALLED = bin/moulette $(HELPERS:$(O)/%=libexec/moulette/%) \
	$(addprefix share/moulette/,$(wildcard profiles/*.json) $(shell find bundles -type f)) \
	$(foreach m,$(notdir $(MAN)),share/man/man$(subst .,,$(suffix $m))/$m) \
	share/bash-completion/completions/moulette share/zsh/site-functions/_moulette \
	share/fish/vendor_completions.d/moulette.fish lib/systemd/system/moulette-batch@.service
OWN_FOLDERS = $(addprefix share/moulette/,$(shell find bundles -depth -type d) profiles) share/moulette libexec/moulette
uninstall: ## remove what install put there, and nothing else
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,$(INSTALLED))
	for d in $(addprefix $(DESTDIR)$(PREFIX)/,$(OWN_FOLDERS)); do rmdir "$$d" 2>/dev/null || :; done

demo: ## install what is needed, build, grade the example submissions
	scripts/demo.sh
check: ## install what tests need, build three ways, run every test; with V=cov: how much of the code tests reach
	$(if $(filter cov,$(V)),scripts/coverage.sh,scripts/check.sh)
unit: $(O)/unit ## unit tests alone
	$(O)/unit
e2e: all $(O)/bench ## end-to-end tests: all with crun, those of the engine with runc too
	MOULETTE=$(abspath $(O)/moulette) scripts/e2e.sh crun runc
faults: all ## put faults of the host into system calls; ARGS are options, as ARGS='--seed 7 -n 500'
	MOULETTE=$(abspath $(O)/moulette) python3 tests/faults/faults.py $(ARGS)
fuzz: $(if $(filter fuzz,$(V)),$(FUZZERS)) ## with V=fuzz: each fuzzer for FUZZ_SECONDS, from its corpus in tests/fuzz/corpus
	$(if $(filter fuzz,$(V)),,$(error fuzz: type make V=fuzz fuzz))
	for f in $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%); do mkdir -p $(O)/corpus/$$f && echo "fuzz: $$f" && \
		$(O)/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=4096 -timeout=20 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix=$(O)/$$f- $(O)/corpus/$$f tests/fuzz/corpus/$$f || exit 1; done
bench: all $(O)/bench ## measure, beside programs that do the same; ARGS are options, as ARGS=--help
	$(O)/bench --out $(O) $(ARGS)
check-vm: ## the end-to-end tests of the engine in a virtual machine with cgroup v2
	scripts/install-deps.sh build run test vm
	$(MAKE) $(JOBS) all
	MOULETTE=$(abspath $(O)/moulette) scripts/vm.sh -t 5400 scripts/e2e.sh -t engine crun runc
	MOULETTE=$(abspath $(O)/moulette) scripts/vm.sh -t 5400 bats tests/e2e/nesting.bats tests/e2e/containers.bats
check-systemd: ## tests of a service in a virtual machine with systemd
	scripts/install-deps.sh test vm
	scripts/systemd-vm.sh -t 3600 tests/systemd/service.sh
check-releases: ## unit tests and those of the engine in root folders of Debian 12, 13 and unstable
	scripts/install-deps.sh test
	scripts/check-releases.sh bookworm trixie sid
check-arm64: ## cross-build for aarch64, unit tests under qemu-user
	scripts/install-deps.sh test
	scripts/check-releases.sh -x trixie
layers: ## who includes whom
	scripts/check-layers.sh
docs: all $(SHELLS:%=$(O)/completions/moulette.%) ## manual pages, README and completions against the option table
	scripts/check-docs.sh $(O)
lint: ## shellcheck, clang-format and cppcheck
	scripts/lint.sh
compile_commands.json: FORCE ## for clangd and clang-tidy
	$(MAKE) -nB --no-print-directory V=debug all build/debug/unit | scripts/compile-commands.sh >$@
clean: ## remove what was built
	rm -rf build compile_commands.json
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9_.-]*:.*## / { printf "%-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: all install uninstall demo check unit e2e faults fuzz bench check-vm check-systemd check-releases check-arm64 layers docs \
	lint clean help FORCE
.DELETE_ON_ERROR:
-include $(patsubst %.o,%.d,$(LIB) $(UNIT) $(BENCH) $(O)/runner/main.o $(O)/runner/unpack_main.o $(O)/runner/image_main.o $(O)/tests/bench/main.o)
