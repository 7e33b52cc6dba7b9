package verify

import (
	"bytes"
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON with one meaning only (docs/format.md, JSON). encoding/json takes doubled keys and mends what is
// no UTF-8, so this reads the grammar of RFC 8259 itself.

const depthMax = 16

var (
	errNotJSON    = errors.New("is not JSON of distinct keys in UTF-8")
	numberPattern = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?`)
	wholePattern  = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,19})$`)
)

// object keeps the order of its keys.
type object struct {
	keys   []string
	values map[string]any
}

// notWhole is a number, but no whole one.
type notWhole struct{}

// parseJSON gives *object, []any, string, bool, nil, *big.Int for whole numbers, notWhole for others.
func parseJSON(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errNotJSON
	}
	reader := &jsonReader{data: data}
	value, err := reader.value(0)
	if err != nil {
		return nil, err
	}
	if reader.space(); reader.at != len(data) {
		return nil, errNotJSON
	}
	return value, nil
}

type jsonReader struct {
	data []byte
	at   int
}

// next is the byte that stands at hand, 0 at the end; no JSON has a bare 0.
func (r *jsonReader) next() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

func (r *jsonReader) space() {
	for r.at < len(r.data) && strings.IndexByte(" \t\n\r", r.data[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) takes(char byte) bool {
	r.space()
	if r.next() != char {
		return false
	}
	r.at++
	return true
}

func (r *jsonReader) value(depth int) (any, error) {
	r.space()
	switch r.next() {
	case '{':
		return r.object(depth + 1)
	case '[':
		return r.list(depth + 1)
	case '"':
		return r.text()
	}
	rest := r.data[r.at:]
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(rest, []byte(word)) {
			r.at += len(word)
			return map[string]any{"true": true, "false": false, "null": nil}[word], nil
		}
	}
	number := numberPattern.Find(rest)
	if number == nil {
		return nil, errNotJSON
	}
	r.at += len(number)
	if !wholePattern.Match(number) {
		return notWhole{}, nil
	}
	whole, _ := new(big.Int).SetString(string(number), 10)
	return whole, nil
}

func (r *jsonReader) object(depth int) (any, error) {
	if depth > depthMax {
		return nil, errNotJSON
	}
	found := &object{values: map[string]any{}}
	r.at++
	if r.takes('}') {
		return found, nil
	}
	for {
		if r.space(); r.next() != '"' {
			return nil, errNotJSON
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if _, known := found.values[key]; known || !r.takes(':') {
			return nil, errNotJSON
		}
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		found.keys = append(found.keys, key)
		found.values[key] = value
		if !r.takes(',') {
			break
		}
	}
	if !r.takes('}') {
		return nil, errNotJSON
	}
	return found, nil
}

func (r *jsonReader) list(depth int) (any, error) {
	if depth > depthMax {
		return nil, errNotJSON
	}
	found := []any{}
	r.at++
	if r.takes(']') {
		return found, nil
	}
	for {
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		found = append(found, value)
		if !r.takes(',') {
			break
		}
	}
	if !r.takes(']') {
		return nil, errNotJSON
	}
	return found, nil
}

func (r *jsonReader) text() (string, error) {
	r.at++
	var found strings.Builder
	for {
		char := r.next()
		switch {
		case char < 0x20: // also the end
			return "", errNotJSON
		case char == '"':
			r.at++
			return found.String(), nil
		case char != '\\':
			found.WriteByte(char)
			r.at++
		default:
			letter, err := r.escape()
			if err != nil {
				return "", err
			}
			found.WriteRune(letter)
		}
	}
}

// escape reads a backslash and what belongs to it; both halves of a surrogate pair.
func (r *jsonReader) escape() (rune, error) {
	r.at++
	char := r.next()
	r.at++
	if at := strings.IndexByte(`"\/bfnrt`, char); char != 0 && at >= 0 {
		return rune("\"\\/\b\f\n\r\t"[at]), nil
	}
	if char != 'u' {
		return 0, errNotJSON
	}
	unit, err := r.unit()
	if err != nil || !utf16.IsSurrogate(unit) {
		return unit, err
	}
	if !bytes.HasPrefix(r.data[r.at:], []byte(`\u`)) {
		return 0, errNotJSON
	}
	r.at += 2
	low, err := r.unit()
	if err != nil {
		return 0, err
	}
	letter := utf16.DecodeRune(unit, low)
	if letter == utf8.RuneError {
		return 0, errNotJSON
	}
	return letter, nil
}

// unit reads four hex digits.
func (r *jsonReader) unit() (rune, error) {
	if r.at+4 > len(r.data) {
		return 0, errNotJSON
	}
	unit, err := strconv.ParseUint(string(r.data[r.at:r.at+4]), 16, 16)
	if err != nil {
		return 0, errNotJSON
	}
	r.at += 4
	return rune(unit), nil
}
