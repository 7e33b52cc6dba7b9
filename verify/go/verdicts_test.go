package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Every verdict of docs/vectors/verdicts-v1.json, word for word, and the vectors of the format.

type edit []any // at, removed, hex, times = 1

type testCase struct {
	Name, Genesis, Base, Verdict string
	Edits                        []edit
	TrustBlock                   string   `json:"trust_block"`
	TrustKeys                    []string `json:"trust_keys"`
}

type flip struct {
	File, Rule, Genesis, Subject, Sha256 string
	Count, Accepted                      int
}

type verdictFile struct {
	Bases      struct{ Geneses, Receipts, Ranges map[string]string }
	Geneses    map[string]testCase
	Receipts   []testCase
	Ranges     []testCase
	Flips      []flip
	Told       []struct{ Entry, Result, Words string }
	Signatures []struct {
		Name, Key, Message, Signature string
		Valid                         bool
	}
}

var vectors = load[verdictFile]("verdicts-v1.json")

func load[T any](name string) (found T) {
	data, err := os.ReadFile("../../docs/vectors/" + name)
	if err == nil {
		err = json.Unmarshal(data, &found)
	}
	if err != nil {
		panic(err)
	}
	return found
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

// edited gives a case's bytes.
func (c testCase) edited(base []byte) []byte {
	data := base
	for _, one := range c.Edits {
		at, removed, put, times := int(one[0].(float64)), int(one[1].(float64)), one[2].(string), 1
		if len(one) > 3 {
			times = int(one[3].(float64))
		}
		end := at + removed
		if end > len(data) {
			end = len(data)
		}
		part := bytes.Repeat(unhex(put), times)
		data = bytes.Join([][]byte{data[:at], part, data[end:]}, nil)
	}
	return data
}

var geneses = map[string]*Genesis{}

func genesisOf(name string) (*Genesis, error) {
	if found := geneses[name]; found != nil {
		return found, nil
	}
	row := vectors.Geneses[name]
	found, err := ParseGenesis(row.edited([]byte(vectors.Bases.Geneses[row.Base])))
	geneses[name] = found
	return found, err
}

func verdict(words string, err error) string {
	if err != nil {
		return "NOT VERIFIED: " + err.Error()
	}
	return "VERIFIED: " + words
}

func TestReceipts(t *testing.T) {
	if len(vectors.Receipts) < 200 {
		t.Fatal("the vectors are not all there")
	}
	for _, row := range vectors.Receipts {
		words, genesis, err := "", (*Genesis)(nil), error(nil)
		if genesis, err = genesisOf(row.Genesis); err == nil {
			words, err = CheckReceipt(row.edited([]byte(vectors.Bases.Receipts[row.Base])), genesis)
		}
		if found := verdict(words, err); found != row.Verdict {
			t.Errorf("%s:\nfound  %s\nwanted %s", row.Name, found, row.Verdict)
		}
	}
}

func TestRanges(t *testing.T) {
	if len(vectors.Ranges) < 50 {
		t.Fatal("the vectors are not all there")
	}
	for _, row := range vectors.Ranges {
		genesis, err := genesisOf(row.Genesis)
		if err != nil {
			t.Fatal(err)
		}
		trust := RangeTrust{}
		if row.TrustBlock != "" {
			trust.Block = unhex(row.TrustBlock)
		}
		for _, key := range row.TrustKeys {
			trust.Keys = append(trust.Keys, unhex(key))
		}
		data := row.edited(unhex(vectors.Bases.Ranges[row.Base]))
		if found := verdict(CheckRange(data, genesis, trust)); found != row.Verdict {
			t.Errorf("%s:\nfound  %s\nwanted %s", row.Name, found, row.Verdict)
		}
	}
}

func TestSignaturesAreJudgedByZIP215(t *testing.T) {
	for _, row := range vectors.Signatures {
		if verifySignature(unhex(row.Key), unhex(row.Message), unhex(row.Signature)) != row.Valid {
			t.Error(row.Name)
		}
	}
}

func TestEntriesOfEveryKindAreToldAlike(t *testing.T) {
	genesis, err := genesisOf("main")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range vectors.Told {
		if found := tell(unhex(row.Entry), unhex(row.Result), genesis); found != row.Words {
			t.Errorf("\nfound  %s\nwanted %s", found, row.Words)
		}
	}
}

// --- every digit and every byte -----------------------------------------------------------------

func flipped(rule string, data []byte, check func([]byte)) {
	if rule == "resealed" {
		resealed(data, check)
		return
	}
	const digits = "0123456789abcdef"
	for at, old := range data {
		number := strings.IndexByte(digits, old)
		if rule == "digit" && number < 0 {
			continue
		}
		changed := append([]byte{}, data...)
		changed[at] ^= 1
		if rule == "digit" {
			changed[at] = digits[(number+1)%16]
		}
		check(changed)
	}
}

func resealed(data []byte, check func([]byte)) {
	for at := 0; at < len(data); {
		end := at + 48 + int(le.Uint32(data[at+4:]))
		for place := at + 48; place < end; place++ {
			changed := append([]byte{}, data...)
			changed[place] ^= 1
			copy(changed[at+16:], hash("log", changed[at+8:at+16], changed[at+48:end]))
			check(changed)
		}
		at = end
	}
}

func TestEachDigitAndByteCounts(t *testing.T) {
	for _, row := range vectors.Flips {
		lines, accepted := []string{}, 0
		flipped(row.Rule, row.bytes(), func(changed []byte) {
			line := verdict(row.check(changed))
			if strings.HasPrefix(line, "VERIFIED: ") {
				accepted++
			}
			lines = append(lines, line)
		})
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\n"))))
		if len(lines) != row.Count || accepted != row.Accepted || sum != row.Sha256 {
			t.Errorf("%s of a %s: %d verdicts, %d accepted, %s", row.Rule, row.File, len(lines), accepted, sum)
		}
	}
}

func (f flip) bytes() []byte {
	switch f.File {
	case "range":
		return unhex(vectors.Bases.Ranges[f.Subject])
	case "receipt":
		return []byte(vectors.Bases.Receipts[f.Subject])
	}
	return []byte(vectors.Bases.Geneses[f.Genesis])
}

func (f flip) check(changed []byte) (string, error) {
	if f.File == "genesis" {
		genesis, err := ParseGenesis(changed)
		if err != nil {
			return "", err
		}
		return CheckReceipt([]byte(vectors.Bases.Receipts[f.Subject]), genesis)
	}
	genesis, err := genesisOf(f.Genesis)
	if err != nil {
		return "", err
	}
	if f.File == "range" {
		return CheckRange(changed, genesis, RangeTrust{})
	}
	return CheckReceipt(changed, genesis)
}

// --- the format ---------------------------------------------------------------------------------

type formatFile struct {
	Domains map[string]map[string]string
	Trees   []struct {
		Size  uint64
		Root  string
		Paths map[string][]string
	}
	Entries []struct{ Name, Bytes, Leaf string }
	Result  struct{ Bytes, Leaf string }
}

var format = load[formatFile]("format-v1.json")

func TestHashesOfEveryDomain(t *testing.T) {
	for domain, row := range format.Domains {
		for _, text := range []string{"", "clearway"} {
			if found := hex.EncodeToString(hash(domain, []byte(text))); found != row[text] {
				t.Errorf("%s of %q: %s", domain, text, found)
			}
		}
	}
}

func TestRootsAndPathsOfTrees(t *testing.T) {
	for _, tree := range format.Trees {
		leaves := [][]byte{}
		for index := uint64(0); index < tree.Size; index++ {
			leaves = append(leaves, hash("leaf", binary.LittleEndian.AppendUint64(nil, index)))
		}
		root := unhex(tree.Root)
		if !bytes.Equal(treeRoot(leaves), root) {
			t.Error("root of", tree.Size)
		}
		for text, siblings := range tree.Paths {
			index, _ := strconv.ParseUint(text, 10, 64)
			path := mapped(siblings, unhex)
			at, leaf := place{index, tree.Size}, leaves[index]
			if !at.leadsTo(root, leaf, path) || at.leadsTo(root, leaf, append(path, zero32)) {
				t.Errorf("path of %d of %d", index, tree.Size)
			}
			if tree.Size > 1 && (place{index ^ 1, tree.Size}).leadsTo(root, leaf, path) {
				t.Errorf("path of %d of %d from another place", index, tree.Size)
			}
		}
	}
}

func TestLeavesOfEntriesAndResults(t *testing.T) {
	for _, row := range format.Entries {
		if hex.EncodeToString(entryLeaf(unhex(row.Bytes))) != row.Leaf {
			t.Error(row.Name)
		}
	}
	if hex.EncodeToString(resultLeaf(unhex(format.Result.Bytes))) != format.Result.Leaf {
		t.Error("result")
	}
}
