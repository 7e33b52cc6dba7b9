package verify

import (
	"fmt"
	"math/big"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

// What an entry and its result say. Nothing here decides a verdict: a kind without a sentence, or a
// length that is not what the head says, is told as so many bytes.

const (
	headBytes     = 256
	unitBytes     = 64
	resultBytes   = 32
	envelopeBytes = 192
	kindEnvelope  = 0
	kindSweep     = 1
	unitsAt       = 193
	signersAt     = 194
)

var (
	factPattern = regexp.MustCompile(`\{\w+\}`)
	withUnit    = setOf([]string{
		"open_account", "register_asset", "register_key", "revoke_key", "set_limit", "set_authority", "propose_recovery",
	})
)

// sizeOfEntry is the length that the first bytes of an entry say it has; -1 when it cannot be told.
func sizeOfEntry(data []byte) int64 {
	if len(data) < 8 || data[0] != 1 {
		return -1
	}
	switch {
	case data[1] == kindEnvelope:
		return envelopeBytes
	case data[1] == kindSweep:
		return 32 * (1 + int64(le.Uint32(data[4:])))
	case len(data) < headBytes:
		return -1
	}
	size := int64(headBytes) + unitBytes*int64(data[unitsAt])
	if le.Uint16(data[2:])&tables.Flags["signed"] != 0 {
		size += 64 * signaturesOf(le.Uint16(data[signersAt:]))
	}
	return size
}

// signaturesOf says one for each signer; one alone when none is named.
func signaturesOf(signers uint16) int64 {
	if signers == 0 {
		return 1
	}
	return int64(bits.OnesCount16(signers))
}

// tell gives one sentence without its full stop.
func tell(entry, result []byte, g *Genesis) string {
	return tellEntry(entry, g) + ": " + tellResult(result)
}

func tellEntry(entry []byte, g *Genesis) string {
	name := kindName(entry[1])
	sentence, known := tables.Sentences[name]
	var facts map[string]string
	switch {
	case !known || !isWhole(entry, name):
		sentence = tables.Unreadable
		facts = map[string]string{
			"kind": fmt.Sprintf("kind %d", entry[1]), "bytes": strconv.Itoa(len(entry)),
		}
	case entry[1] == kindEnvelope:
		facts = map[string]string{
			"institution": decimal(uint64(le.Uint32(entry[8:]))),
			"entries":     decimal(uint64(le.Uint32(entry[4:]))),
			"sequence":    decimal(le.Uint64(entry[16:])),
		}
	case entry[1] == kindSweep:
		facts = map[string]string{"count": decimal(uint64(le.Uint32(entry[4:])))}
	default:
		facts = headFacts(entry, g)
		addUnitFacts(facts, name, entry, g)
	}
	return factPattern.ReplaceAllStringFunc(sentence, func(fact string) string {
		return facts[fact[1:len(fact)-1]]
	})
}

func isWhole(entry []byte, name string) bool {
	return sizeOfEntry(entry) == int64(len(entry)) && !(withUnit[name] && entry[unitsAt] == 0)
}

func tellResult(result []byte) string {
	code := le.Uint16(result[2:])
	name, known := tables.Codes[strconv.Itoa(int(code))]
	if !known {
		name = fmt.Sprintf("code %d", code)
	}
	ended := "refused with " + name
	if code == 0 {
		ended = "accepted"
	} else if name == "ledger.declined" {
		ended = "declined"
	}
	if le.Uint16(result[4:]) != 0 {
		ended = strings.Replace(ended, " with", ", with", 1)
		ended = fmt.Sprintf("a repetition of what block %d %s", le.Uint64(result[8:]), ended)
	}
	return ended
}

// --- the facts ----------------------------------------------------------------------------------

func headFacts(entry []byte, g *Genesis) map[string]string {
	asset, toAsset := le.Uint32(entry[4:]), le.Uint32(entry[8:])
	target := fmt.Sprintf("%x", entry[32:48])
	facts := map[string]string{
		"id":         fmt.Sprintf("%x", entry[16:32]),
		"from":       fmt.Sprintf("0x%x", entry[96:116]),
		"to":         fmt.Sprintf("0x%x", entry[116:136]),
		"account":    fmt.Sprintf("0x%x", entry[96:116]),
		"amount":     g.amount(entry[48:64], asset),
		"asset":      g.assetName(asset),
		"target":     target,
		"hold":       target,
		"refund_of":  target,
		"escrow":     target,
		"asked_by":   fmt.Sprintf("0x%x", entry[96:116]),
		"terms_hash": fmt.Sprintf("%x", entry[64:96]),
		"number":     decimal(uint64(asset)),
	}
	if toAsset != 0 {
		facts["to_amount"] = g.amount(entry[64:80], toAsset)
		facts["to_asset"] = g.assetName(toAsset)
		facts["exchange"] = fmt.Sprintf(" (which is %s %s)", facts["to_amount"], facts["to_asset"])
	}
	act, flags := le.Uint32(entry[12:]), le.Uint16(entry[2:])
	facts["act"] = fmt.Sprintf("act %d", act)
	if name, known := tables.ControlActs[decimal(uint64(act))]; known {
		facts["act"] = name
	}
	if act != 0 && !setOf(tables.ActsOnAll)[act] {
		facts["holder"] = " for " + facts["account"]
	}
	if flags&(tables.Flags["balancing_payer"]|tables.Flags["balancing_payee"]) != 0 {
		facts["most"] = "at most "
	}
	if flags&tables.Flags["pending"] != 0 {
		facts["held"] = ", held"
	}
	if kindName(entry[1]) == "payment" && tables.Outcomes[strconv.Itoa(int(entry[192]))] == "review" {
		facts["decided"] = " for review"
	}
	return facts
}

func addUnitFacts(facts map[string]string, name string, entry []byte, g *Genesis) {
	if !withUnit[name] {
		return
	}
	unit, asset := entry[headBytes:], le.Uint32(entry[4:])
	facts["key"] = fmt.Sprintf("%x", unit[:32])
	facts["institution"] = decimal(uint64(le.Uint32(unit[32:])))
	facts["payment_max"] = g.amount(entry[48:64], asset)
	facts["day_max"] = g.amount(entry[64:80], asset)
	facts["code"] = printable(unit[:16])
	facts["authority"] = "key " + facts["key"]
	if members := int(entry[unitsAt]) - 1; members > 0 {
		facts["authority"] = fmt.Sprintf("a policy of %d keys", members)
	} else if facts["key"] == strings.Repeat("0", 64) {
		facts["authority"] = "its institution alone"
	}
}

func (g *Genesis) assetOf(number uint32) *asset {
	if number == 0 || uint64(number) > uint64(len(g.assets)) {
		return nil
	}
	return &g.assets[number-1]
}

func (g *Genesis) assetName(number uint32) string {
	if found := g.assetOf(number); found != nil {
		return found.code
	}
	return fmt.Sprintf("asset %d", number)
}

// amount shows a u128 in major units, with all digits of the asset's scale.
func (g *Genesis) amount(data []byte, number uint32) string {
	reversed := make([]byte, len(data))
	for at, one := range data {
		reversed[len(data)-1-at] = one
	}
	digits := new(big.Int).SetBytes(reversed).String()
	found := g.assetOf(number)
	if found == nil {
		return digits + " minor units"
	}
	if found.scale == 0 {
		return digits
	}
	if missing := found.scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - found.scale
	return digits[:point] + "." + digits[point:]
}

func decimal(value uint64) string { return strconv.FormatUint(value, 10) }

// printable leaves out the zeros at the end; what a terminal should not be shown is a question mark.
func printable(data []byte) string {
	found := []byte(strings.TrimRight(string(data), "\x00"))
	for at, one := range found {
		if one <= 0x20 || one >= 0x7f {
			found[at] = '?'
		}
	}
	return string(found)
}
