// Command clearway-verify checks a receipt or a range of blocks under a genesis that you trust.
//
//	clearway-verify receipt FILE --trust GENESIS.json
//	clearway-verify blocks FILE --trust GENESIS.json [--trust-block HASH] [--trust-key KEY]...
//
// It prints one line; it exits 0 when the file is good, 1 when it is not, 2 when it was called wrongly.
package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"

	"clearway/verify"
)

const usage = `usage: clearway-verify receipt FILE --trust GENESIS.json
       clearway-verify blocks FILE --trust GENESIS.json [--trust-block HASH] [--trust-key KEY]...`

var (
	hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	alone       = map[string]string{
		"receipt": "a receipt proves nothing alone",
		"blocks":  "a range of blocks proves nothing alone",
	}
)

type call struct {
	what, file, trust, block string
	keys                     []string
}

func main() {
	asked, ok := readArguments(os.Args[1:])
	if !ok {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	words, err := asked.check()
	if err != nil {
		fmt.Println("NOT VERIFIED: " + err.Error())
		os.Exit(1)
	}
	fmt.Println("VERIFIED: " + words)
}

// readArguments takes the options before or behind the file.
func readArguments(words []string) (call, bool) {
	var asked call
	options := flag.NewFlagSet("clearway-verify", flag.ContinueOnError)
	options.SetOutput(io.Discard)
	options.StringVar(&asked.trust, "trust", "", "")
	options.StringVar(&asked.block, "trust-block", "", "")
	options.Func("trust-key", "", func(key string) error {
		asked.keys = append(asked.keys, key)
		return nil
	})
	names := []string{}
	for len(words) > 0 {
		if options.Parse(words) != nil {
			return call{}, false
		}
		if words = options.Args(); len(words) > 0 {
			names, words = append(names, words[0]), words[1:]
		}
	}
	if len(names) != 2 || alone[names[0]] == "" {
		return call{}, false
	}
	asked.what, asked.file = names[0], names[1]
	return asked, true
}

func (c call) check() (string, error) {
	if c.trust == "" {
		return "", errors.New("no trusted genesis was given (--trust GENESIS.json); " + alone[c.what])
	}
	file, err := os.ReadFile(c.trust)
	if err != nil {
		return "", err
	}
	genesis, err := verify.ParseGenesis(file)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(c.file)
	if err != nil {
		return "", err
	}
	if c.what == "receipt" {
		return verify.CheckReceipt(data, genesis)
	}
	trust := verify.RangeTrust{}
	if c.block != "" {
		if trust.Block, err = parseHash(c.block, "--trust-block"); err != nil {
			return "", err
		}
	}
	for _, text := range c.keys {
		key, err := parseHash(text, "--trust-key")
		if err != nil {
			return "", err
		}
		trust.Keys = append(trust.Keys, key)
	}
	return verify.CheckRange(data, genesis, trust)
}

func parseHash(text, option string) ([]byte, error) {
	if !hashPattern.MatchString(text) {
		return nil, errors.New(option + ": is not 64 lower-case hex digits")
	}
	return hex.DecodeString(text)
}
