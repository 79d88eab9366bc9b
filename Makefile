# Martlet. `make` alone lists the targets; longer recipes are in scripts/.
#
#: demo        the whole system live: boards, broker, gateway, page (FOR=30 COUNT=3 DB=postgres://… TIMESCALE=1 FIRMWARE=micropython)
#: check       the quick layer: format, lint, unit tests
#: test        everything that proves the promises; installs what it needs
#: test-all    test, and the long runs
#: coverage    which lines of the device and the drivers the unit tests run; fails below 95 %
#: mutants     deliberate faults in the device, each of which a test must see (ONLY="window ack")
#: build       both programs, debug
#: release     both programs, optimised
#: embedded    the portable modules on an emulated Cortex-M0: same bytes as on Linux
#: chaos       a fleet under load while everything fails at random (FOR=90 SEED=n GATEWAYS=1)
#: bridge      edge gateway, cloud broker, cloud gateway, database, each killed at random (FOR=60 SEED=n CLOUD=nats)
#: simulate    years of the gateway's logic in virtual time, everything around it failing (YEARS=10 SEED=n)
#: lockstep    the MicroPython core beside the Swift core until they differ (MINUTES=10000 SEED=n)
#: soak        lockstep for longer (MINUTES=100000 SEED=n)
#: hil         the firmware on a board: PORT=virtual, PORT=rp2040 (emulated) or PORT=/dev/ttyACM0
#: firmware-soak  the MicroPython firmware for an hour of its own time, watched for its heap (MINUTES=60; TLS=1)
#: firmware-size  flash and heap that the firmware takes
#: bench       the gateway's speed beside its limits and its peers
#: kernel-test the I²C, GPIO and PWM drivers on a user-mode Linux
#: check-ec2   images, compose, Grafana, Terraform, Ansible and the Debian package, really run (needs root)
#: stack       the compose stack on this machine: set up, start, send a test reading (deploy/compose/stack --help)
#: deploy-ec2  an environment on EC2 (ENV=iots6-dev); also status-ec2, logs-ec2, db-shell-ec2, destroy-ec2
#: check-eks   the cluster: Terraform, Helm chart, gitops, secrets, Datadog, as far as one machine can
#: promote     what one environment has to the next, as a commit (FROM=iots6-dev TO=iots6-staging)
#: deb         the Debian package, from make release
#: flash       the MicroPython firmware onto a Pico W (PORT=/dev/ttyACM0)
#: image       MicroPython for a Pico W with the firmware inside, which TLS needs (scripts/firmware-image --help)
#: provision   Wi-Fi, config server, identity and TLS material onto a Pico W (PORT=…)
#: console     what a Pico W says (PORT=…)
#: format      format all Swift and Python
#: clean       remove build products

.DEFAULT_GOAL := help
.PHONY: help demo check test test-all coverage mutants build release embedded chaos bridge simulate bench kernel-test flash image provision console format clean lockstep soak hil firmware-size firmware-soak

# The deployment
EC2 := deploy-ec2 status-ec2 logs-ec2 db-shell-ec2 destroy-ec2
.PHONY: check-ec2 check-eks promote stack deb $(EC2)

# Where swiftly, Swift's own installer, puts Swift.
export PATH := $(PATH):$(or $(SWIFTLY_BIN_DIR),$(HOME)/.local/share/swiftly/bin)
# One scratch folder for everything: dependencies are built once.
export MARTLET_BUILD ?= .build

help:
	@sed -n 's/^#: /  make /p' Makefile

demo:
	@scripts/demo

check:
	@scripts/check

test:
	@scripts/test

test-all: test
	@scripts/test --long

coverage:
	@scripts/coverage

mutants:
	@scripts/mutants $(ONLY)

build:
	@MAKE_GOAL=build scripts/need-swift
	@scripts/install-packages build
	swift build --scratch-path $(MARTLET_BUILD) $(SWIFT_BUILD_FLAGS)

release:
	@MAKE_GOAL=release scripts/need-swift
	@scripts/install-packages build
	swift build --scratch-path $(MARTLET_BUILD) --configuration release --static-swift-stdlib

embedded:
	@scripts/install-packages embedded
	@scripts/embedded

chaos:
	@scripts/chaos

bridge:
	@scripts/bridge

simulate:
	@scripts/simulate

lockstep:
	@scripts/lockstep

soak:
	@scripts/soak

hil:
	@scripts/hil $(PORT)

firmware-soak:
	@scripts/firmware-soak --minutes $(or $(MINUTES),60) $(if $(TLS),--tls)

firmware-size:
	@scripts/firmware-size

bench:
	@bench/run

kernel-test:
	@scripts/kernel-test

check-ec2:
	@scripts/check-ec2

check-eks:
	@scripts/check-eks

promote:
	@scripts/promote $(FROM) $(TO)

stack:
	@deploy/compose/stack init
	@deploy/compose/stack up
	@deploy/compose/stack smoke

deb: release
	@deploy/packaging/build-deb --programs $(MARTLET_BUILD)/release

$(EC2):
	@scripts/deploy-ec2 $(@:-ec2=) $(ENV)

flash:
	@scripts/flash $(PORT)

image:
	@scripts/firmware-image

provision:
	@scripts/provision --port $(PORT)

console:
	@scripts/console $(PORT)

format:
	swift format --in-place --parallel --recursive --configuration .swift-format Package.swift firmware-embedded Sources simulators gateway Tests
	"$$(scripts/python-tool ruff)" format --quiet .

clean:
	rm -rf .build .build-* .build_*
