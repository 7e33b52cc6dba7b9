package verify

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// genesis.json, the file that a reader trusts.

const (
	genesisBytesMax  = 16 * 1024 * 1024
	genesisFormat    = "clearway genesis 1"
	accountAssetsMax = 55
	scaleMax         = 30
)

var (
	timePattern    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d\.\d{9}Z$`)
	codePattern    = regexp.MustCompile(`^[A-Z][A-Z0-9.]{0,11}/(\d{1,2})$`)
	idPattern      = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	decimalPattern = regexp.MustCompile(`^(-?)(\d{1,48})(?:\.(\d{1,48}))?$`)
	hexPattern     = regexp.MustCompile(`^(?:[0-9a-f]{2})*$`)
	amountMax      = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 126), big.NewInt(1))
)

// Genesis is what a chain starts from, and all that a reader has to trust.
type Genesis struct {
	timeNs   uint64
	assets   []asset
	keys     []genesisKey
	accounts []genesisAccount
	limits   []genesisLimit
	entries  [][]byte
	chainID  []byte

	blockHash []byte // of block 0, once it was asked for
}

type asset struct {
	number           uint32
	code             string
	scale            int
	controls, issuer uint32
}

type genesisKey struct {
	key         string // 32 bytes
	institution uint32
	purposes    uint32
	activation  uint64
}

type genesisAccount struct {
	id, address, owner string // address 20 bytes, owner 32
	institution, flags uint32
	assets             []string
}

type genesisLimit struct {
	key                string
	asset              asset
	paymentMax, dayMax *big.Int
}

// genesisError carries the place inside the file and what is wrong there.
type genesisError struct{ where, what string }

func (e genesisError) Error() string { return "genesis: " + e.where + ": " + e.what }

// bad stops the reading; ParseGenesis catches it.
func bad(where, what string, values ...any) { panic(genesisError{where, fmt.Sprintf(what, values...)}) }

// ParseGenesis reads the file strictly.
func ParseGenesis(data []byte) (genesis *Genesis, err error) {
	defer func() {
		if found := recover(); found != nil {
			problem, ours := found.(genesisError)
			if !ours {
				panic(found)
			}
			genesis, err = nil, problem
		}
	}()
	return readGenesis(data), nil
}

func readGenesis(data []byte) *Genesis {
	if len(data) > genesisBytesMax {
		bad("file", "has more than %d bytes", genesisBytesMax)
	}
	value, err := parseJSON(data)
	if err != nil {
		bad("file", "%s", err)
	}
	file := fields(value, "file", []string{
		"format", "name", "time", "institutions", "assets", "keys", "accounts", "limits",
	})
	if file["format"] != genesisFormat {
		bad("format", "is not '%s'", genesisFormat)
	}
	genesis := &Genesis{}
	genesis.assets = rows(file["assets"], "assets", parseAsset)
	text(file["name"], "name")
	genesis.timeNs = parseTime(file["time"])
	institutions := rows(file["institutions"], "institutions", parseInstitution)
	genesis.keys = rows(file["keys"], "keys", parseKey)
	genesis.accounts = rows(file["accounts"], "accounts", parseAccount)
	genesis.limits = rows(file["limits"], "limits", func(value any, where string, _ int) genesisLimit {
		return parseLimit(value, where, genesis.assets)
	})
	checkReferences(genesis, institutions)
	genesis.entries = genesisEntries(genesis)
	start := binary.LittleEndian.AppendUint64(nil, genesis.timeNs)
	genesis.chainID = hash("genesis", append(start, bytes.Join(genesis.entries, nil)...))
	return genesis
}

// isSequencer says whether the key may make a block of this height final. Only keys of the file count.
func (g *Genesis) isSequencer(key []byte, height uint64) bool {
	for _, row := range g.keys {
		if row.key == string(key) && row.purposes&tables.Purposes["sequence"] != 0 && row.activation <= height {
			return true
		}
	}
	return false
}

// --- its rows -----------------------------------------------------------------------------------

func parseInstitution(value any, where string, _ int) uint32 {
	row := fields(value, where, []string{"number", "name"})
	number := whole(row["number"], where+".number", 1<<32-1)
	if number == 0 {
		bad(where+".number", "is 0; institutions count from 1")
	}
	text(row["name"], where+".name")
	return uint32(number)
}

// parseAsset reads a code, or an object that also says what the asset's issuer may do.
func parseAsset(value any, where string, place int) asset {
	if _, is := value.(*object); !is {
		return parseCode(value, where, place)
	}
	row := fields(value, where, []string{"code", "controls", "issuer"})
	controls := flags(row["controls"], where+".controls", tables.Controls)
	issuer := uint32(whole(row["issuer"], where+".issuer", 1<<32-1))
	if controls == 0 || issuer == 0 {
		bad(where, "has no controls or no issuer; then its code alone is due")
	}
	found := parseCode(row["code"], where+".code", place)
	found.controls, found.issuer = controls, issuer
	return found
}

func parseCode(value any, where string, place int) asset {
	code := text(value, where)
	match := codePattern.FindStringSubmatch(code)
	scale := 0
	if match != nil {
		fmt.Sscanf(match[1], "%d", &scale)
	}
	if match == nil || scale > scaleMax {
		bad(where, "is not an asset's code, such as EUR/2")
	}
	return asset{number: uint32(place + 1), code: code, scale: scale}
}

func parseKey(value any, where string, _ int) genesisKey {
	row := fields(value, where, []string{"key", "institution", "purposes", "activation_height"})
	found := genesisKey{
		key:         hexText(row["key"], where+".key", 32),
		institution: uint32(whole(row["institution"], where+".institution", 1<<32-1)),
		purposes:    flags(row["purposes"], where+".purposes", tables.Purposes),
	}
	if found.purposes == 0 {
		bad(where+".purposes", "are none")
	}
	found.activation = whole(row["activation_height"], where+".activation_height", 1<<63-1)
	return found
}

func parseAccount(value any, where string, _ int) genesisAccount {
	row := fields(value, where, []string{"id", "address", "institution", "flags", "assets"}, "owner")
	id := text(row["id"], where+".id")
	if !idPattern.MatchString(id) {
		bad(where+".id", "is not an account's id")
	}
	set := flags(row["flags"], where+".flags", tables.AccountFlags)
	if set&^(tables.AccountFlags["nostro"]|tables.AccountFlags["operating"]) != 0 {
		bad(where+".flags", "only nostro and operating may be set")
	}
	codes := rows(row["assets"], where+".assets", func(value any, where string, _ int) string {
		return text(value, where)
	})
	if len(codes) > accountAssetsMax {
		bad(where+".assets", "are more than %d", accountAssetsMax)
	}
	checkDistinct(where+".assets", codes)
	found := genesisAccount{
		id:          id,
		flags:       set,
		assets:      codes,
		address:     hexText(row["address"], where+".address", 20),
		institution: uint32(whole(row["institution"], where+".institution", 1<<32-1)),
		owner:       string(zero32),
	}
	if row["owner"] != nil {
		found.owner = hexText(row["owner"], where+".owner", 32)
	}
	return found
}

func parseLimit(value any, where string, assets []asset) genesisLimit {
	row := fields(value, where, []string{"key", "asset", "payment_max", "day_max"})
	code := text(row["asset"], where+".asset")
	found := genesisLimit{}
	for _, one := range assets {
		if one.code == code {
			found.asset = one
		}
	}
	if found.asset.number == 0 {
		bad(where+".asset", "names an asset that is not there")
	}
	found.paymentMax = parseAmount(row["payment_max"], where, found.asset)
	found.dayMax = parseAmount(row["day_max"], where, found.asset)
	found.key = hexText(row["key"], where+".key", 32)
	return found
}

func parseAmount(value any, where string, of asset) *big.Int {
	refuse := func(code string) { bad(where, "has an amount that is refused as amount.%s", code) }
	written, _ := value.(string)
	match := decimalPattern.FindStringSubmatch(written)
	if match == nil {
		refuse("malformed")
	}
	sign, digits, fraction := match[1], match[2], match[3]
	if len(fraction) > of.scale {
		refuse("too_precise")
	}
	padded := digits + fraction + strings.Repeat("0", of.scale-len(fraction))
	amount, _ := new(big.Int).SetString(padded, 10)
	if sign != "" || amount.Sign() == 0 {
		refuse("not_positive")
	}
	if amount.Cmp(amountMax) > 0 {
		refuse("too_large")
	}
	return amount
}

func checkReferences(g *Genesis, institutions []uint32) {
	checkDistinct("institutions", institutions)
	checkDistinct("assets", mapped(g.assets, func(row asset) string { return row.code }))
	checkDistinct("keys", mapped(g.keys, func(row genesisKey) string { return row.key }))
	checkDistinct("accounts", mapped(g.accounts, func(row genesisAccount) string { return row.id }))
	checkDistinct("accounts", mapped(g.accounts, func(row genesisAccount) string { return row.address }))
	known := setOf(institutions)
	for place, row := range g.keys {
		if !known[row.institution] {
			bad(fmt.Sprintf("keys[%d]", place), "there is no institution %d", row.institution)
		}
	}
	for place, row := range g.accounts {
		if !known[row.institution] {
			bad(fmt.Sprintf("accounts[%d]", place), "there is no institution %d", row.institution)
		}
	}
	for place, row := range g.assets {
		if row.issuer != 0 && !known[row.issuer] {
			bad(fmt.Sprintf("assets[%d]", place), "there is no institution %d", row.issuer)
		}
	}
	keys := setOf(mapped(g.keys, func(row genesisKey) string { return row.key }))
	for place, row := range g.limits {
		if !keys[row.key] {
			bad(fmt.Sprintf("limits[%d].key", place), "is not a key of this genesis")
		}
	}
	codes := setOf(mapped(g.assets, func(row asset) string { return row.code }))
	for place, row := range g.accounts {
		for _, code := range row.assets {
			if !codes[code] {
				bad(fmt.Sprintf("accounts[%d].assets", place), "name an asset that is not there")
			}
		}
	}
}

// --- values of JSON -----------------------------------------------------------------------------

// checkKeys says what is wrong with the keys of an object; empty when nothing is.
func checkKeys(value *object, names []string, optional ...string) string {
	for _, name := range names {
		if _, there := value.values[name]; !there {
			return fmt.Sprintf("'%s' is missing", name)
		}
	}
	allowed := setOf(append(append([]string{}, names...), optional...))
	for _, name := range value.keys {
		if !allowed[name] {
			return "has a key that does not belong there"
		}
	}
	return ""
}

func fields(value any, where string, names []string, optional ...string) map[string]any {
	found, is := value.(*object)
	if !is {
		bad(where, "is not an object")
	}
	if what := checkKeys(found, names, optional...); what != "" {
		bad(where, "%s", what)
	}
	return found.values
}

func rows[T any](value any, where string, parse func(any, string, int) T) []T {
	list, is := value.([]any)
	if !is {
		bad(where, "is not a list")
	}
	found := make([]T, len(list))
	for place, row := range list {
		found[place] = parse(row, fmt.Sprintf("%s[%d]", where, place), place)
	}
	return found
}

func text(value any, where string) string {
	found, _ := value.(string)
	if length := utf8.RuneCountInString(found); length < 1 || length > 256 {
		bad(where, "is not a text of 1 to 256 characters")
	}
	return found
}

func whole(value any, where string, most uint64) uint64 {
	found, is := value.(*big.Int)
	if !is || !found.IsUint64() || found.Uint64() > most {
		bad(where, "is not a whole number from 0 to %d", most)
	}
	return found.Uint64()
}

// hexText gives the bytes that lower-case hex stands for.
func hexText(value any, where string, size int) string {
	found, _ := value.(string)
	if len(found) != 2*size || !hexPattern.MatchString(found) {
		bad(where, "is not %d lower-case hex digits", 2*size)
	}
	data, _ := hex.DecodeString(found)
	return string(data)
}

// flags adds up the bits of the names listed.
func flags(value any, where string, bits map[string]uint32) uint32 {
	chosen := rows(value, where, func(value any, where string, _ int) string { return text(value, where) })
	checkDistinct(where, chosen)
	sum := uint32(0)
	for _, name := range chosen {
		bit, known := bits[name]
		if !known {
			bad(where, "has one that is none of %s", strings.Join(byBit(bits), ", "))
		}
		sum |= bit
	}
	return sum
}

// byBit gives the names in the order of their bits.
func byBit(bits map[string]uint32) []string {
	names := []string{}
	for name := range bits {
		names = append(names, name)
	}
	sort.Slice(names, func(one, other int) bool { return bits[names[one]] < bits[names[other]] })
	return names
}

func checkDistinct[T comparable](where string, values []T) {
	seen := map[T]bool{}
	for place, value := range values {
		if seen[value] {
			bad(fmt.Sprintf("%s[%d]", where, place), "stands twice")
		}
		seen[value] = true
	}
}

func mapped[T, U any](rows []T, take func(T) U) []U {
	found := make([]U, len(rows))
	for place, row := range rows {
		found[place] = take(row)
	}
	return found
}

func setOf[T comparable](values []T) map[T]bool {
	found := map[T]bool{}
	for _, value := range values {
		found[value] = true
	}
	return found
}

func parseTime(value any) uint64 {
	written, _ := value.(string)
	moment, err := time.Parse("2006-01-02T15:04:05.000000000Z", written)
	if err != nil || !timePattern.MatchString(written) || moment.Unix() < 0 {
		bad("time", "is not a time such as 2026-01-01T00:00:00.000000000Z")
	}
	ns := new(big.Int).Mul(big.NewInt(moment.Unix()), big.NewInt(1_000_000_000))
	ns.Add(ns, big.NewInt(int64(moment.Nanosecond())))
	if !ns.IsUint64() {
		bad("time", "is too late")
	}
	return ns.Uint64()
}
