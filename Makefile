# cria: build, test, install. Everything goes through SwiftPM; this file only names the ways in.
#
# One build serves the chat and the tests: `swift build -c release` and `swift test -c release
# --disable-testable-imports` compile the same objects. The installed binary links the Swift
# runtime statically, which changes every compile line, so it has a scratch folder of its own.

PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=

SWIFT ?= swift
CRIA := .build/release/cria
STATIC := .build-static/release/cria
SOURCES := Package.swift $(shell find Sources -type f 2>/dev/null)
DATA_HOME := $(or $(filter /%,$(XDG_DATA_HOME)),$(HOME)/.local/share)

BIN := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help chat build test test-unit test-data bench bench-chat lint format pictures install \
  uninstall static setup clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

chat: build ## install what is missing, build, fetch the default model, open the chat (ARGS="…")
	@ls "$(DATA_HOME)"/cria/models/*.gguf >/dev/null 2>&1 || $(CRIA) pull smollm2-135m >/dev/null
	@$(CRIA) chat $(ARGS)

build: setup ## build the release binary, .build/release/cria
	@$(SWIFT) build -c release --product cria

test: test-data ## all tests: unit, real model, end to end in tmux
	$(SWIFT) test -c release --disable-testable-imports --skip EndToEnd
	$(SWIFT) test -c release --disable-testable-imports --skip-build --filter EndToEnd

test-unit: setup ## the fast tests only: no model, no terminal
	$(SWIFT) test -c release --disable-testable-imports --skip EndToEnd --skip ModelTests

test-data: setup ## make what the tests on real models read (kept in ~/.cache/cria-tests)
	@Benchmarks/reference/prepare.sh

bench: build ## rates beside llama.cpp's, built for this processor (an hour or two; ARGS="--only …")
	@Benchmarks/against_llama_cpp.py $(ARGS)

bench-chat: build ## first token, drafting, full screen, idle chat, and 7B in 4 GiB of memory
	@Benchmarks/first_token.py
	@Benchmarks/drafting.py
	@Benchmarks/full_screen.py
	@Benchmarks/memory_cap.py

lint: setup ## formatting and the import rules
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	.ci/check-imports

format: setup ## format the sources in place
	$(SWIFT) format -i -r Sources Tests Package.swift

pictures: test-data ## make the README's pictures anew, from a real run in tmux
	@docs/picture.py

static: $(STATIC) ## build the binary that install copies (static Swift runtime)

$(STATIC): $(SOURCES)
	@.ci/setup
	$(SWIFT) build -c release --static-swift-stdlib --scratch-path .build-static --product cria
	@touch $(STATIC)

install: $(STATIC) ## install under PREFIX=/usr/local: binary, themes, manual page, completions
	install -d "$(BIN)" "$(SHARE)/cria/themes" "$(SHARE)/cria/transcripts" "$(SHARE)/man/man1" \
	  "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" \
	  "$(SHARE)/fish/vendor_completions.d"
	install -m 755 $(STATIC) "$(BIN)/cria"
	-strip "$(BIN)/cria"
	find themes -name '*.toml' -exec install -m 644 {} "$(SHARE)/cria/themes" \;
	find transcripts -name '*.jsonl' -exec install -m 644 {} "$(SHARE)/cria/transcripts" \;
	$(STATIC) --experimental-dump-help | .ci/manual-page >"$(SHARE)/man/man1/cria.1"
	$(STATIC) --generate-completion-script bash >"$(SHARE)/bash-completion/completions/cria"
	$(STATIC) --generate-completion-script zsh >"$(SHARE)/zsh/site-functions/_cria"
	$(STATIC) --generate-completion-script fish >"$(SHARE)/fish/vendor_completions.d/cria.fish"

uninstall: ## remove what install put under PREFIX
	rm -rf "$(BIN)/cria" "$(SHARE)/cria" "$(SHARE)/man/man1/cria.1" \
	  "$(SHARE)/bash-completion/completions/cria" "$(SHARE)/zsh/site-functions/_cria" \
	  "$(SHARE)/fish/vendor_completions.d/cria.fish"

setup:
	@.ci/setup

clean: ## remove everything that was built or fetched for the tests
	rm -rf .build .build-static
