# Thin on purpose: everything longer than three lines is Rust, in xtask/.
.PHONY: help run test bench lint

help:
	@echo "make run     install what is missing, build, make the sample case, serve it (SERVE=0: do not serve)"
	@echo "make test    install what tests need and run them all"
	@echo "make bench   measure;   make lint: clippy, types, licences"

run test bench lint:
	@command -v cargo >/dev/null || { echo "Rust is not installed: see https://rustup.rs" >&2; exit 2; }
	@SERVE=$(SERVE) cargo run --locked --package xtask -- $@
