# Thin on purpose: everything longer than three lines is Rust, in xtask/.
.PHONY: help run test bench lint fuzz

help:
	@echo "make run     install what is missing, build, make the sample case, serve it (SERVE=0: do not serve)"
	@echo "make test    install what tests need and run them all"
	@echo "make bench   measure;   make lint: clippy, types, licences"
	@echo "make fuzz    fuzz every reader, MINUTES=2 each; TARGETS=\"html note\" for some"

run test bench lint:
	@command -v cargo >/dev/null || { echo "Rust is not installed: see https://rustup.rs" >&2; exit 2; }
	@SERVE=$(SERVE) cargo run --locked --package xtask -- $@

fuzz:
	@cargo run --locked --package xtask -- fuzz --minutes $(or $(MINUTES),2) $(TARGETS)
