// Package verify checks receipts and block ranges of a Clearway chain, with no node and no Clearway.
//
// Parse a genesis that you trust, then check under it. Errors are the words after "NOT VERIFIED: ".
package verify

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
)

const (
	receiptBytesMax = 1024 * 1024
	entryBytesMax   = 64 * 1024
	pathHashesMax   = 32
)

var receiptKeys = []string{
	"object", "version", "chain_id", "entry", "result", "index", "size",
	"entry_path", "result_path", "header", "finality",
}

// ReceiptError names what of a receipt differs.
type ReceiptError struct{ Field, What string }

func (e ReceiptError) Error() string { return e.Field + ": " + e.What }

func differs(field, what string, values ...any) error {
	return ReceiptError{field, fmt.Sprintf(what, values...)}
}

// CheckReceipt says in one sentence what the file proves under the genesis. The order of the checks is
// that of docs/format.md, Receipt.
func CheckReceipt(data []byte, g *Genesis) (string, error) {
	receipt, err := readReceipt(data)
	if err != nil {
		return "", err
	}
	chainID, err := hexField(receipt["chain_id"], "chain_id", 32)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(chainID, g.chainID) {
		return "", differs("chain_id", "is not that of the trusted genesis, %x", g.chainID)
	}
	header, err := hexField(receipt["header"], "header", headerBytes)
	if err != nil {
		return "", err
	}
	if err := checkReceiptHeader(header, g); err != nil {
		return "", err
	}
	if err := checkReceiptFinality(receipt["finality"], header, g); err != nil {
		return "", err
	}
	at, err := placeOf(receipt, header)
	if err != nil {
		return "", err
	}
	entry, err := hexField(receipt["entry"], "entry", -1)
	if err != nil {
		return "", err
	}
	result, err := hexField(receipt["result"], "result", resultBytes)
	if err != nil {
		return "", err
	}
	if err := checkProof(receipt["entry_path"], "entry", "transactions_root", at, entryLeaf(entry), header[96:128]); err != nil {
		return "", err
	}
	if err := checkProof(receipt["result_path"], "result", "results_root", at, resultLeaf(result), header[128:160]); err != nil {
		return "", err
	}
	if len(entry) < 2 || entry[0] != 1 {
		return "", differs("entry", "is not of version 1")
	}
	if result[0] != 1 {
		return "", differs("result", "is not of version 1")
	}
	return fmt.Sprintf("block %d, entry %d: %s", le.Uint64(header[8:]), at.index, tell(entry, result, g)), nil
}

func readReceipt(data []byte) (map[string]any, error) {
	if len(data) > receiptBytesMax {
		return nil, differs("receipt", "has more than %d bytes", receiptBytesMax)
	}
	value, err := parseJSON(data)
	if err != nil {
		return nil, differs("receipt", "%s", err)
	}
	receipt, is := value.(*object)
	if !is {
		return nil, differs("receipt", "is not an object")
	}
	if what := checkKeys(receipt, receiptKeys); what != "" {
		return nil, differs("receipt", "%s", what)
	}
	if receipt.values["object"] != "receipt" {
		return nil, differs("object", "is not 'receipt'")
	}
	version, is := receipt.values["version"].(*big.Int)
	if !is || version.Cmp(big.NewInt(1)) != 0 {
		return nil, differs("version", "is not 1")
	}
	return receipt.values, nil
}

func checkReceiptHeader(header []byte, g *Genesis) error {
	if le.Uint32(header) != 1 || le.Uint64(header[24:]) != 0 {
		return differs("header", "is not a header of version 1")
	}
	if !bytes.Equal(header[32:64], g.chainID) {
		return differs("header", "belongs to another chain")
	}
	return nil
}

func checkReceiptFinality(value any, header []byte, g *Genesis) error {
	height, blockHash := le.Uint64(header[8:]), hash("header", header)
	if value == nil {
		if height != 0 {
			return differs("finality", "is missing, and block %d needs it", height)
		}
		if !bytes.Equal(blockHash, g.genesisBlockHash()) {
			return differs("header", "is not the block that the trusted genesis makes")
		}
		return nil
	}
	if height == 0 {
		return differs("finality", "stands on the genesis block, which carries none")
	}
	finality, is := value.(*object)
	if !is {
		return differs("finality", "is not an object")
	}
	if what := checkKeys(finality, []string{"kind", "key", "signature"}); what != "" {
		return differs("finality", "%s", what)
	}
	if finality.values["kind"] != "sequencer" {
		return differs("finality.kind", "is not 'sequencer'")
	}
	key, err := hexField(finality.values["key"], "finality.key", 32)
	if err != nil {
		return err
	}
	if !g.isSequencer(key, height) {
		return differs("finality.key", "is not a sequencer of the trusted genesis")
	}
	signature, err := hexField(finality.values["signature"], "finality.signature", 64)
	if err != nil {
		return err
	}
	if !verifySignature(key, blockHash, signature) {
		return differs("finality.signature", "is not over this header by this key")
	}
	return nil
}

func placeOf(receipt map[string]any, header []byte) (place, error) {
	size, err := wholeField(receipt["size"], "size")
	if err != nil {
		return place{}, err
	}
	if count := uint64(le.Uint32(header[4:])); size != count {
		return place{}, differs("size", "is not the header's count, %d", count)
	}
	index, err := wholeField(receipt["index"], "index")
	if err != nil {
		return place{}, err
	}
	if index >= size {
		return place{}, differs("index", "is not below size, %d", size)
	}
	return place{index, size}, nil
}

func checkProof(value any, name, rootName string, at place, leaf, root []byte) error {
	path, err := readPath(value, name+"_path", at)
	if err != nil {
		return err
	}
	if !at.leadsTo(root, leaf, path) {
		return differs(name, "it, its index and %s_path do not lead to the %s", name, rootName)
	}
	return nil
}

func readPath(value any, field string, at place) ([][]byte, error) {
	list, is := value.([]any)
	if !is || len(list) > pathHashesMax {
		return nil, differs(field, "is not a list of at most %d hashes", pathHashesMax)
	}
	if needed := at.pathLength(); len(list) != needed {
		return nil, differs(field, "has %d hashes, leaf %d of %d has %d", len(list), at.index, at.size, needed)
	}
	path := make([][]byte, len(list))
	for number, row := range list {
		data, err := hexField(row, fmt.Sprintf("%s[%d]", field, number), 32)
		if err != nil {
			return nil, err
		}
		path[number] = data
	}
	return path, nil
}

func wholeField(value any, field string) (uint64, error) {
	found, is := value.(*big.Int)
	if !is || found.BitLen() > 32 {
		return 0, differs(field, "is not a whole number")
	}
	return found.Uint64(), nil
}

// hexField gives the bytes; any number of them when size is -1.
func hexField(value any, field string, size int) ([]byte, error) {
	written, is := value.(string)
	if !is || !hexPattern.MatchString(written) {
		return nil, differs(field, "is not lower-case hex")
	}
	if len(written) > 2*entryBytesMax {
		return nil, differs(field, "has more than %d bytes", entryBytesMax)
	}
	if size >= 0 && len(written) != 2*size {
		return nil, differs(field, "has %d bytes, not %d", len(written)/2, size)
	}
	return hex.DecodeString(written)
}
