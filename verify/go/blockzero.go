package verify

import (
	"encoding/binary"
	"fmt"
	"math/big"
)

// Block 0, which follows from a genesis: its entries, its state, its header.

var le = binary.LittleEndian

func u32le(value uint32) []byte { return le.AppendUint32(nil, value) }

func u64le(value uint64) []byte { return le.AppendUint64(nil, value) }

func u128le(value *big.Int) []byte {
	found := value.FillBytes(make([]byte, 16))
	for left, right := 0, 15; left < right; left, right = left+1, right-1 {
		found[left], found[right] = found[right], found[left]
	}
	return found
}

// padded puts the parts one after another and zeros behind them up to size.
func padded(size int, parts ...[]byte) []byte {
	found := make([]byte, size)
	at := 0
	for _, part := range parts {
		at += copy(found[at:], part)
	}
	return found
}

// field is a part of an entry's head and where it stands.
type field struct {
	at   int
	data []byte
}

func genesisEntries(g *Genesis) [][]byte {
	entries := [][]byte{}
	add := func(kind string, units []byte, fields ...field) {
		entry := padded(256+len(units), []byte{1, tables.KindNumbers[kind]})
		for _, one := range fields {
			copy(entry[one.at:], one.data)
		}
		binary.BigEndian.PutUint64(entry[24:], uint64(len(entries)+1)) // the id, its upper half is zero
		entry[193] = byte(len(units) / 64)
		copy(entry[256:], units)
		entries = append(entries, entry)
	}
	for _, row := range g.assets {
		unit := padded(64, padded(16, []byte(row.code)), u32le(uint32(row.scale)), u32le(row.controls), u32le(row.issuer))
		add("register_asset", unit, field{4, u32le(row.number)})
	}
	for _, row := range g.keys {
		unit := padded(64, []byte(row.key), u32le(row.institution), u32le(row.purposes), u64le(row.activation))
		add("register_key", unit)
	}
	for _, row := range g.accounts {
		unit := append(append([]byte{}, row.owner...), u32le(row.flags)...)
		for _, code := range row.assets {
			unit = append(unit, u32le(g.number(code))...)
		}
		units := padded((len(unit)+63)/64*64, unit)
		add("open_account", units, field{12, u32le(row.institution)}, field{96, []byte(row.address)})
	}
	for _, row := range g.limits {
		add("set_limit", padded(64, []byte(row.key)), field{4, u32le(row.asset.number)},
			field{48, u128le(row.paymentMax)}, field{64, u128le(row.dayMax)})
	}
	return entries
}

func (g *Genesis) number(code string) uint32 {
	for _, row := range g.assets {
		if row.code == code {
			return row.number
		}
	}
	return 0
}

// genesisBlockHash is the hash of the header of block 0.
func (g *Genesis) genesisBlockHash() []byte {
	if g.blockHash == nil {
		results := mapped(g.entries, func(entry []byte) []byte { return padded(32, []byte{1, entry[1]}) })
		g.blockHash = hash("header",
			u32le(1), u32le(uint32(len(g.entries))), u64le(0), u64le(g.timeNs), u64le(0),
			g.chainID, zero32,
			treeRoot(leavesOf(g.entries, entryLeaf)),
			treeRoot(leavesOf(results, resultLeaf)),
			g.stateRoot())
	}
	return g.blockHash
}

func (g *Genesis) stateRoot() []byte {
	tableLeaves := map[string][][]byte{}
	add := func(table string, size int, parts ...[]byte) {
		tableLeaves[table] = append(tableLeaves[table], hash("leaf", padded(size, parts...)))
	}
	for number, row := range g.accounts {
		add("accounts", 128, []byte(row.address), u32le(row.institution), u32le(row.flags), u32le(0),
			[]byte(row.owner), u64le(g.timeNs))
		for _, code := range row.assets {
			add("balances", 64, u32le(uint32(number)), u32le(g.number(code)))
		}
	}
	for _, row := range g.assets {
		add("assets", 32, u32le(row.number), u32le(uint32(row.scale)), padded(16, []byte(row.code)),
			u32le(row.controls), u32le(row.issuer))
	}
	for _, row := range g.keys {
		add("keys", 128, []byte(row.key), u32le(row.institution), u32le(row.purposes), u64le(row.activation))
	}
	for _, row := range g.lastLimits() {
		add("limits", 128, []byte(row.key), u32le(row.asset.number), make([]byte, 12),
			u128le(row.paymentMax), u128le(row.dayMax))
	}
	encoded := []byte{}
	for _, table := range tables.StateTables {
		name, version := table[0].(string), table[1].(float64)
		leaves := tableLeaves[name]
		encoded = append(encoded, padded(64, padded(16, []byte(name)), u64le(uint64(version)),
			u64le(uint64(len(leaves))), treeRoot(leaves))...)
	}
	return hash("state", encoded)
}

// lastLimits has one row for each key and asset: the first keeps its place, the last its maxima.
func (g *Genesis) lastLimits() []genesisLimit {
	found, places := []genesisLimit{}, map[string]int{}
	for _, row := range g.limits {
		name := fmt.Sprintf("%x %s", row.key, row.asset.code)
		if place, known := places[name]; known {
			found[place] = row
			continue
		}
		places[name] = len(found)
		found = append(found, row)
	}
	return found
}
