package verify

import (
	"bytes"
	"fmt"
)

// A range of blocks: records of the block log, one after another. Recomputed are checksums, roots,
// headers, links and finality; nothing is executed again (docs/format.md, Block range).

const (
	// RangeBytesMax is the most that a range may have.
	RangeBytesMax   = 1 << 30
	recordHeadBytes = 48
	headerBytes     = 192
	finalityBytes   = 98
)

var magic = []byte("CWB1")

// RangeError names the first bad height; Known is false before the first one is known.
type RangeError struct {
	Known       bool
	Height      uint64
	Field, What string
}

func (e RangeError) Error() string {
	if !e.Known {
		return e.Field + ": " + e.What
	}
	return fmt.Sprintf("block %d: %s: %s", e.Height, e.Field, e.What)
}

// RangeTrust is what a reader may trust beside the genesis.
type RangeTrust struct {
	Block []byte   // hash of the first block, or nil
	Keys  [][]byte // sequencer's keys
}

type block struct {
	height           uint64
	header, hash     []byte
	finality         []byte
	entries, results [][]byte
}

func (b *block) bad(field, what string, values ...any) error {
	return RangeError{true, b.height, field, fmt.Sprintf(what, values...)}
}

// CheckRange says in one sentence what the file proves under the genesis.
func CheckRange(data []byte, g *Genesis, trust RangeTrust) (string, error) {
	if len(data) > RangeBytesMax {
		return "", RangeError{false, 0, "range", fmt.Sprintf("has more than %d bytes", RangeBytesMax)}
	}
	known := newKeySet(g, trust.Keys)
	var before *block
	first, entries := uint64(0), 0
	for len(data) > 0 {
		next, rest, err := readRecord(data, before)
		if err != nil {
			return "", err
		}
		payload := data[recordHeadBytes : len(data)-len(rest)]
		if err := next.takeApart(payload, g); err != nil {
			return "", err
		}
		if before == nil {
			first = next.height
			if trust.Block != nil && !bytes.Equal(next.hash, trust.Block) {
				return "", next.bad("header", "is not the block that is trusted")
			}
		} else if err := next.checkLink(before); err != nil {
			return "", err
		}
		if err := next.checkRoots(); err != nil {
			return "", err
		}
		if err := next.checkFinality(g, known); err != nil {
			return "", err
		}
		known.follow(next)
		entries += len(next.entries)
		before, data = next, rest
	}
	if before == nil {
		return "", RangeError{false, 0, "range", "has no blocks"}
	}
	start := ""
	if first != 0 && trust.Block == nil {
		start = "; what came before them is not checked"
	}
	return fmt.Sprintf("blocks %d to %d, %d entries, last hash %x%s; nothing was executed again",
		first, before.height, entries, before.hash, start), nil
}

// --- framing ------------------------------------------------------------------------------------

// readRecord gives the block's height and what stands behind its record.
func readRecord(data []byte, before *block) (*block, []byte, error) {
	due := &block{}
	if before != nil {
		due.height = before.height + 1
	}
	if len(data) < recordHeadBytes || !bytes.Equal(data[:4], magic) {
		what := "does not begin as one of the block log"
		return nil, nil, RangeError{before != nil, due.height, "record", what}
	}
	size, height := uint64(le.Uint32(data[4:])), le.Uint64(data[8:])
	if before != nil && height != due.height {
		return nil, nil, due.bad("record", "is of height %d", height)
	}
	found := &block{height: height}
	behind := data[recordHeadBytes:]
	if uint64(len(behind)) < size {
		return nil, nil, found.bad("record", "is cut short")
	}
	if !bytes.Equal(hash("log", data[8:16], behind[:size]), data[16:48]) {
		return nil, nil, found.bad("checksum", "is not that of the record")
	}
	return found, behind[size:], nil
}

func (b *block) takeApart(payload []byte, g *Genesis) error {
	if len(payload) < headerBytes {
		return b.bad("record", "has no whole header")
	}
	b.header = payload[:headerBytes]
	b.hash = hash("header", b.header)
	if le.Uint32(b.header) != 1 || le.Uint64(b.header[24:]) != 0 {
		return b.bad("header", "is not a header of version 1")
	}
	if height := le.Uint64(b.header[8:]); height != b.height {
		return b.bad("header", "is of height %d", height)
	}
	if !bytes.Equal(b.header[32:64], g.chainID) {
		return b.bad("header", "belongs to another chain")
	}
	finality, rest, ok := counted(payload[headerBytes:])
	if !ok {
		return b.bad("finality", "is cut short")
	}
	encoded, results, ok := counted(rest)
	if !ok {
		return b.bad("entries", "are cut short")
	}
	b.finality = finality
	count := le.Uint32(b.header[4:])
	if uint64(len(results)) != resultBytes*uint64(count) {
		return b.bad("results", "are not those of %d entries", count)
	}
	for ; len(results) > 0; results = results[resultBytes:] {
		b.results = append(b.results, results[:resultBytes])
	}
	return b.split(encoded, int(count))
}

// counted is a part that its length, u32, stands before, and what is behind it.
func counted(data []byte) (part, rest []byte, ok bool) {
	if len(data) < 4 {
		return nil, nil, false
	}
	size := uint64(le.Uint32(data))
	data = data[4:]
	if uint64(len(data)) < size {
		return nil, nil, false
	}
	return data[:size], data[size:], true
}

// split gives the single entries. Their kinds do not matter, only the lengths that they say.
func (b *block) split(encoded []byte, count int) error {
	for len(encoded) > 0 && len(b.entries) < count {
		start := encoded
		if len(start) > headBytes {
			start = start[:headBytes]
		}
		size, name := sizeOfEntry(start), fmt.Sprintf("entry %d", len(b.entries))
		if size < 0 {
			return b.bad(name, "is not of version 1, or is cut short")
		}
		if size > int64(len(encoded)) {
			return b.bad(name, "is cut short")
		}
		b.entries = append(b.entries, encoded[:size])
		encoded = encoded[size:]
	}
	if len(encoded) > 0 || len(b.entries) != count {
		return b.bad("entries", "are not %d in number", count)
	}
	return nil
}

// --- the block ----------------------------------------------------------------------------------

func (b *block) checkLink(before *block) error {
	if !bytes.Equal(b.header[64:96], before.hash) {
		return b.bad("previous", "is not the hash of block %d", before.height)
	}
	if le.Uint64(b.header[16:]) <= le.Uint64(before.header[16:]) {
		return b.bad("time_ns", "is not after that of block %d", before.height)
	}
	return nil
}

func (b *block) checkRoots() error {
	if !bytes.Equal(treeRoot(leavesOf(b.entries, entryLeaf)), b.header[96:128]) {
		return b.bad("transactions_root", "is not that of the entries")
	}
	if !bytes.Equal(treeRoot(leavesOf(b.results, resultLeaf)), b.header[128:160]) {
		return b.bad("results_root", "is not that of the results")
	}
	return nil
}

func (b *block) checkFinality(g *Genesis, known *keySet) error {
	if b.height == 0 {
		if len(b.finality) != 0 {
			return b.bad("finality", "stands on the genesis block, which carries none")
		}
		if !bytes.Equal(b.hash, g.genesisBlockHash()) {
			return b.bad("header", "is not the block that the trusted genesis makes")
		}
		return nil
	}
	if len(b.finality) != finalityBytes {
		return b.bad("finality", "has %d bytes, not %d", len(b.finality), finalityBytes)
	}
	if b.finality[0] != 1 || b.finality[1] != 1 {
		return b.bad("finality", "is not a sequencer's of version 1")
	}
	key, signature := b.finality[2:34], b.finality[34:]
	if !known.maySequence(key, b.height) {
		return b.bad("finality.key", "is not a sequencer known before this block")
	}
	if !verifySignature(key, b.hash, signature) {
		return b.bad("finality.signature", "is not over this header by this key")
	}
	return nil
}

// --- keys ---------------------------------------------------------------------------------------

// keySet knows who may sequence. A key that a block registers counts from the next block on.
type keySet struct {
	rows    map[string]keyRow
	revoked map[string]bool
}

type keyRow struct {
	purposes   uint32
	activation uint64
}

func newKeySet(g *Genesis, trusted [][]byte) *keySet {
	found := &keySet{map[string]keyRow{}, map[string]bool{}}
	for _, row := range g.keys {
		found.register(row.key, row.purposes, row.activation)
	}
	for _, key := range trusted {
		found.register(string(key), tables.Purposes["sequence"], 0)
	}
	return found
}

func (k *keySet) register(key string, purposes uint32, activation uint64) {
	if _, known := k.rows[key]; !known && !k.revoked[key] {
		k.rows[key] = keyRow{purposes, activation}
	}
}

func (k *keySet) maySequence(key []byte, height uint64) bool {
	row := k.rows[string(key)]
	return row.purposes&tables.Purposes["sequence"] != 0 && row.activation <= height
}

func (k *keySet) follow(b *block) {
	if b.height == 0 {
		return // its keys are those of the genesis file
	}
	for at, entry := range b.entries {
		registers := entry[1] == tables.KindNumbers["register_key"]
		if !registers && entry[1] != tables.KindNumbers["revoke_key"] {
			continue
		}
		code, flags := le.Uint16(b.results[at][2:]), le.Uint16(b.results[at][4:])
		// Without a unit, what stands in its place may be the signature.
		if code != 0 || flags != 0 || entry[unitsAt] == 0 {
			continue
		}
		unit := entry[headBytes:]
		key := string(unit[:32])
		if registers {
			k.register(key, le.Uint32(unit[36:]), le.Uint64(unit[40:]))
		} else {
			delete(k.rows, key)
			k.revoked[key] = true
		}
	}
}
