# SPDX-License-Identifier: Apache-2.0

PREFIX ?= /usr
DESTDIR ?=
N ?= 100000

# Nothing is written outside .build, by the package manager and the compiler neither.
export XDG_CACHE_HOME := $(CURDIR)/.build/cache
SWIFT_PATHS = --cache-path .build/cache --config-path .build/configuration --security-path .build/security
SWIFT_BUILD = swift build $(SWIFT_PATHS) --explicit-target-dependency-import-check error
SWIFT_TEST = swift test $(SWIFT_PATHS) --skip-build
# Packed relocations take a megabyte off each program and need glibc 2.36; an older one says so.
LINKER = -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --icf=safe
RELEASE = $(SWIFT_BUILD) -c release --static-swift-stdlib $(LINKER)
BIN = .build/release
ORIGINALS = .build/originals
PEERS = .build/peers
AGENT_NAMES = os-apply-config os-config-applier os-refresh-config os-collect-config dib-run-parts
MANUALS = $(wildcard man/*.[0-9])
SWIFT_SOURCES = Package.swift Sources Tests

BUILD_PACKAGES = libyaml-dev libcurl4-openssl-dev libssl-dev libexpat1-dev libsqlite3-dev binutils
TEST_PACKAGES = $(BUILD_PACKAGES) mandoc curl python3-venv strace acl locales openssl redis-server nginx-light genisoimage iproute2
BENCH_PACKAGES = $(TEST_PACKAGES) debianutils time wrk

.PHONY: all demo test bench compare fuzz install clean release lint unit integration compatibility
.PHONY: manual peers soak fuzz-server setup-build setup-test setup-bench

all: release

# Debian's packages: installed when root runs make, named when somebody else does.
define install_packages
	@missing=; for package in $(1); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ]; then \
			echo "installing$$missing"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
		else \
			echo "These packages are missing; install them as root:"; \
			echo "    apt-get install$$missing"; \
			exit 1; \
		fi; \
	fi
endef

setup-build:
	$(call install_packages,$(BUILD_PACKAGES))

setup-test:
	$(call install_packages,$(TEST_PACKAGES))

setup-bench:
	$(call install_packages,$(BENCH_PACKAGES))

release: setup-build
	$(RELEASE)

# The whole line once: a change on the server becomes a changed file.
# DRAWING=FILE takes the drawing of the last run's time.
demo: release
	@Tests/IntegrationTests/demo.sh $(BIN) $(DRAWING)

# Those have targets of their own.
SLOW_SUITES = IntegrationTests CompatibilityTests PeerTests SoakTests

# The slow suites come last; of the longest, a fifth is enough here.
test: SOAK_POLLS = 20000
test: setup-test lint release unit integration compatibility peers soak

lint: setup-test
	swift format lint --strict --recursive $(SWIFT_SOURCES)
	mandoc -T lint -W warning $(MANUALS)

unit:
	$(SWIFT_BUILD) --build-tests
	$(SWIFT_TEST) $(addprefix --skip ,$(SLOW_SUITES))

# A call of the system after the other, with nothing that is timed: side by side.
INJECTION_SUITES = InjectionTests CollectorKillTests
space := $(subst ,, )

integration: release
	$(SWIFT_BUILD) --build-tests
	$(SWIFT_TEST) --no-parallel --filter IntegrationTests $(addprefix --skip ,$(INJECTION_SUITES))
	$(SWIFT_TEST) --filter "$(subst $(space),|,$(INJECTION_SUITES))"

# Writes the options of os-collect-config.conf(5) anew from their table.
manual:
	$(SWIFT_BUILD) --build-tests
	UPDATE_MANUAL=1 $(SWIFT_TEST) --filter OptionTableTests

# The original agents, from PyPI, in an environment of their own.
$(ORIGINALS)/complete: Tests/CompatibilityTests/requirements.txt
	python3 -m venv $(ORIGINALS)
	$(ORIGINALS)/bin/pip install --quiet --disable-pip-version-check -r Tests/CompatibilityTests/requirements.txt
	touch $@

# A locale whose order is not that of bytes, for the tests alone.
.build/locales/en_US.UTF-8: | setup-test
	mkdir -p $(@D)
	localedef -i en_US -f UTF-8 $@

# make compatibility ROWS=zaqar: those rows of the table whose names begin so.
compatibility: release $(ORIGINALS)/complete .build/locales/en_US.UTF-8
	$(SWIFT_BUILD) --build-tests
	$(if $(ROWS),COMPATIBILITY_ROWS=$(ROWS)) $(SWIFT_TEST) --filter CompatibilityTests

# Servers that others have made, from PyPI and Debian.
$(PEERS)/complete: Tests/PeerTests/requirements.txt
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r Tests/PeerTests/requirements.txt
	touch $@

# Debian's package is unpacked, not installed: installed, it would set up this machine anew.
$(PEERS)/cloud-init/complete: | setup-test
	mkdir -p $(@D)
	cd $(@D) && apt-get -o APT::Sandbox::User=root download cloud-init && dpkg-deb -x cloud-init_*.deb .
	touch $@

peers: release $(PEERS)/complete $(PEERS)/cloud-init/complete
	$(SWIFT_BUILD) --build-tests
	$(SWIFT_TEST) --no-parallel --filter PeerTests

# The collector in the long run: make soak SOAK_POLLS=1000
SOAK_POLLS ?= 100000

soak: release
	$(SWIFT_BUILD) --build-tests
	SOAK_POLLS=$(SOAK_POLLS) $(SWIFT_TEST) --filter SoakTests

# Random templates and metadata against the original's renderer: make compare N=100000 SEED=1
compare: setup-test $(ORIGINALS)/complete
	$(SWIFT_BUILD) --build-tests
	COMPARE_COUNT=$(N) $(if $(SEED),COMPARE_SEED=$(SEED)) $(SWIFT_TEST) --filter RandomTemplatesTests

# Random bytes for the readers of what others write: make fuzz SECONDS=600. What crashes one is left in .build/fuzz-findings.
SECONDS ?= 60
FUZZ_TARGETS = JSON YAML TemplateParser TemplateRenderer

fuzz: setup-build
	$(SWIFT_BUILD) --package-path Tests/Fuzz --scratch-path .build/fuzz -c release
	mkdir -p .build/fuzz-findings
	for target in $(FUZZ_TARGETS); do \
		mkdir -p .build/fuzz-corpus/$$target; \
		FUZZ_TARGET=$$target SWIFT_BACKTRACE=enable=no .build/fuzz/release/fuzz \
			.build/fuzz-corpus/$$target Tests/Fuzz/Corpus/$$target \
			-max_total_time=$(SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=3000 -print_final_stats=1 \
			-verbosity=0 -artifact_prefix=.build/fuzz-findings/$$target- || exit 1; \
	done

# Random requests for a metadata server: make fuzz-server SECONDS=600
fuzz-server: release
	$(SWIFT_BUILD) --build-tests
	REQUEST_FUZZ_SECONDS=$(SECONDS) $(SWIFT_TEST) --filter RequestFuzzTests

bench: setup-bench release $(ORIGINALS)/complete
	swift run $(SWIFT_PATHS) --package-path Tests/Benchmarks -c release bench --programs $(CURDIR)/$(BIN) \
		--originals $(CURDIR)/$(ORIGINALS)/bin --json $(CURDIR)/.build/bench.json

COMPLETIONS = bash-completion/completions zsh/site-functions fish/vendor_completions.d

install: release
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -s -m 0755 $(BIN)/os-config $(BIN)/os-metadata-server $(DESTDIR)$(PREFIX)/bin/
	for name in $(AGENT_NAMES); do ln -sf os-config $(DESTDIR)$(PREFIX)/bin/$$name; done
	for manual in $(MANUALS); do \
		install -D -m 0644 $$manual $(DESTDIR)$(PREFIX)/share/man/man$${manual##*.}/$${manual##*/}; \
	done
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,$(COMPLETIONS))
	set -e; for name in os-apply-config os-refresh-config os-collect-config os-metadata-server; do \
		$(BIN)/$$name --generate-completion-script bash \
			> $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$name; \
		$(BIN)/$$name --generate-completion-script zsh \
			> $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$name; \
		$(BIN)/$$name --generate-completion-script fish \
			> $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$name.fish; \
	done
	for unit in systemd/*.service; do \
		sed 's|/usr/bin/|$(PREFIX)/bin/|g' $$unit > $(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; \
	done
	install -m 0644 systemd/os-metadata-server.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/os-metadata-server.conf

clean:
	rm -rf .build
