package verify

import (
	"bytes"
	"sync"

	"github.com/hdevalence/ed25519consensus"
	"github.com/zeebo/blake3"
)

// BLAKE3 under the domains of docs/format.md, the tree over its hashes, and Ed25519 by ZIP 215, whose
// rules ed25519consensus has; crypto/ed25519 has others.

const hashBytes = 32

var (
	zero32     = make([]byte, hashBytes)
	domainKeys sync.Map
)

func hash(domain string, parts ...[]byte) []byte {
	key, known := domainKeys.Load(domain)
	if !known {
		made := make([]byte, hashBytes)
		blake3.DeriveKey("clearway v1 "+domain, nil, made)
		key, _ = domainKeys.LoadOrStore(domain, made)
	}
	hasher, err := blake3.NewKeyed(key.([]byte))
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	for _, part := range parts {
		hasher.Write(part)
	}
	return hasher.Sum(nil)
}

func verifySignature(key, message, signature []byte) bool {
	return ed25519consensus.Verify(key, message, signature)
}

func entryLeaf(entry []byte) []byte { return hash("leaf", entry) }

func resultLeaf(result []byte) []byte { return hash("leaf", result, zero32) }

func leavesOf(rows [][]byte, leaf func([]byte) []byte) [][]byte {
	leaves := make([][]byte, len(rows))
	for at, row := range rows {
		leaves[at] = leaf(row)
	}
	return leaves
}

func treeRoot(level [][]byte) []byte {
	for len(level) > 1 {
		above := make([][]byte, 0, (len(level)+1)/2)
		for at := 0; at < len(level); at += 2 {
			if at+1 < len(level) {
				above = append(above, hash("node", level[at], level[at+1]))
			} else {
				above = append(above, level[at])
			}
		}
		level = above
	}
	if len(level) == 0 {
		return zero32
	}
	return level[0]
}

// place of a leaf: its index among size.
type place struct{ index, size uint64 }

// up is the place one level above; has says whether there is a sibling on this level.
func (p place) up() (above place, has bool) {
	return place{p.index / 2, (p.size + 1) / 2}, p.index^1 < p.size
}

// pathLength counts the siblings on the way up: none where an odd last node moves up.
func (p place) pathLength() int {
	count := 0
	for p.size > 1 {
		above, has := p.up()
		if has {
			count++
		}
		p = above
	}
	return count
}

func (p place) leadsTo(root, leaf []byte, path [][]byte) bool {
	found := leaf
	for p.size > 1 {
		above, has := p.up()
		if has {
			if len(path) == 0 {
				return false
			}
			if p.index%2 == 0 {
				found = hash("node", found, path[0])
			} else {
				found = hash("node", path[0], found)
			}
			path = path[1:]
		}
		p = above
	}
	return len(path) == 0 && bytes.Equal(found, root)
}
