module clearway/verify

go 1.19

require (
	github.com/hdevalence/ed25519consensus v0.2.0
	github.com/zeebo/blake3 v0.2.4
)

require (
	filippo.io/edwards25519 v1.1.1 // indirect
	github.com/klauspost/cpuid/v2 v2.0.12 // indirect
)
