package verify

import (
	_ "embed"
	"encoding/json"
	"strconv"
)

// tables.json is written from the Python sources by tools/write_tables.py.
//
//go:embed tables.json
var tablesJSON []byte

var tables = readTables()

type tableSet struct {
	Kinds        map[string]string `json:"KINDS"`
	KindNumbers  map[string]byte   `json:"KIND_NUMBERS"`
	Codes        map[string]string `json:"CODES"`
	Flags        map[string]uint16 `json:"FLAGS"`
	AccountFlags map[string]uint32 `json:"ACCOUNT_FLAGS"`
	Purposes     map[string]uint32 `json:"PURPOSES"`
	Outcomes     map[string]string `json:"OUTCOMES"`
	Controls     map[string]uint32 `json:"CONTROLS"`
	ControlActs  map[string]string `json:"CONTROL_ACTS"`
	ActsOnAll    []uint32          `json:"CONTROL_ACTS_ON_ALL"`
	Sentences    map[string]string `json:"SENTENCES"`
	Unreadable   string            `json:"UNREADABLE"`
	StateTables  [][2]any          `json:"STATE_TABLES"` // name, version
}

func readTables() tableSet {
	var found tableSet
	if err := json.Unmarshal(tablesJSON, &found); err != nil {
		panic(err) // the file is part of the program
	}
	return found
}

// kindName is empty for a kind that is not known here.
func kindName(kind byte) string { return tables.Kinds[strconv.Itoa(int(kind))] }
