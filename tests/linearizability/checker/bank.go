package main

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Record is one line of a history: one operation of one client, from before its first attempt to
// after the answer that settled it. A payment that was sent again under its key is one operation.
//
// A missing answer is an outcome that nobody ever learned; it may have happened or not.
type Record struct {
	Client int    `json:"client"`
	Call   int64  `json:"call"`   // ns
	Return int64  `json:"return"` // ns
	Do     string `json:"do"`     // "pay", "balance" or "find"
	Key    int    `json:"key"`    // pay, find: the payment's number, from 0
	From   int    `json:"from"`   // pay
	To     int    `json:"to"`     // pay
	Minor  int64  `json:"minor"`  // pay
	Of     int    `json:"of"`     // balance: the account
	Answer *int64 `json:"answer"` // pay, find: 0 absent, 1 settled, 2 refused; balance: minor units
}

const (
	absent  = 0
	settled = 1
	refused = 2
)

// The whole bank is one state: money that leaves one account and money that enters another are the
// same step, so accounts must not be checked one by one.
type bank struct {
	balances string // rendered, so that states compare by value
	payments string // a byte for each payment: absent, settled or refused
}

func model(balances []int64, payments int) porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} {
			return bank{renderAll(balances), strings.Repeat(string(rune(absent)), payments)}
		},
		Step: func(state, input, output interface{}) (bool, interface{}) {
			return step(state.(bank), input.(Record), output.(*int64))
		},
		DescribeOperation: func(input, output interface{}) string {
			return fmt.Sprintf("%+v", input)
		},
	}
}

func step(at bank, asked Record, answer *int64) (bool, bank) {
	switch asked.Do {
	case "pay":
		return pay(at, asked, answer)
	case "balance":
		return *answer == parseAll(at.balances)[asked.Of], at
	case "find":
		return *answer == int64(at.payments[asked.Key]), at
	}
	panic("an operation that the model does not know: " + asked.Do)
}

func pay(at bank, asked Record, answer *int64) (bool, bank) {
	if at.payments[asked.Key] != absent {
		return false, at // a key pays once
	}
	balances := parseAll(at.balances)
	outcome := int64(refused)
	if balances[asked.From] >= asked.Minor {
		outcome = settled
		balances[asked.From] -= asked.Minor
		balances[asked.To] += asked.Minor
	}
	after := bank{renderAll(balances), at.payments[:asked.Key] + string(rune(outcome)) + at.payments[asked.Key+1:]}
	return answer == nil || *answer == outcome, after
}

func renderAll(balances []int64) string {
	var text strings.Builder
	for _, minor := range balances {
		for shift := 0; shift < 64; shift += 8 {
			text.WriteByte(byte(minor >> shift))
		}
	}
	return text.String()
}

func parseAll(text string) []int64 {
	balances := make([]int64, len(text)/8)
	for at := 0; at < len(text); at++ {
		balances[at/8] |= int64(text[at]) << (8 * (at % 8))
	}
	return balances
}
